/** The sender is told after so many bytes that they have come: rarely enough to cost nothing, and long before it has to wait. */
const ACKNOWLEDGE_EVERY = 262_144;

/** The receiving side of a stream that goes over several connections, one after the other (docs/tunnel.md). */
export class ResumeReceiver {
  #received = 0;
  #acknowledged = 0;

  /** The offset behind the last byte that has come: the next connection goes on there. */
  get received(): number {
    return this.#received;
  }

  /** So many bytes more have come, and will not be asked for again. */
  add(bytes: number): void {
    this.#received += bytes;
  }

  /** Whether the sender should be told. */
  get acknowledgementDue(): boolean {
    return this.#received - this.#acknowledged >= ACKNOWLEDGE_EVERY;
  }

  /** The sender is told. Returns the offset for it. */
  acknowledge(): number {
    this.#acknowledged = this.#received;
    return this.#received;
  }
}
