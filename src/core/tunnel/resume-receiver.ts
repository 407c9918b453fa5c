/** The sender is told after so many bytes that they have come: rarely enough to cost nothing, and long before it has to wait. */
const ACKNOWLEDGE_EVERY = 524_288;

/** Counts what has come over all connections. */
export interface TakenBytes {
  /** Bytes that have come and are dealt with: they need not come again. */
  readonly taken: number;
}

/** The receiving side of a stream that goes over several connections, one after the other (docs/tunnel.md). It begins at its creation. */
export class ResumeReceiver {
  readonly #counter: TakenBytes;
  /** Where offset 0 of the stream is, by the counter. Bytes outside of the stream move it. */
  #zero: number;
  #acknowledged = 0;

  constructor(counter: TakenBytes) {
    this.#counter = counter;
    this.#zero = counter.taken;
  }

  /** The offset behind the last byte that has come: the next connection goes on there. */
  get received(): number {
    return this.#counter.taken - this.#zero;
  }

  /** So many bytes of those that were taken do not belong to the stream. */
  leaveOut(bytes: number): void {
    this.#zero += bytes;
  }

  /** Whether the sender should be told. */
  get acknowledgementDue(): boolean {
    return this.received - this.#acknowledged >= ACKNOWLEDGE_EVERY;
  }

  /** The sender is told. Returns the offset for it. */
  acknowledge(): number {
    this.#acknowledged = this.received;
    return this.#acknowledged;
  }
}
