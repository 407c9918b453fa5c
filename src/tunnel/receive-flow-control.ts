import type { Clock, Timer } from "../system/clock.js";

/** So much of what came waits for a client that does not read, before that is told, or the link is kept waiting. */
export const MAX_PENDING = 262_144;
const FEW_PENDING = MAX_PENDING / 2;
/** So much more may wait, for all together, when the other side can be told to hold back: it has sent that before it hears of it. */
const MAX_SURPLUS = 67_108_864;

/** A client for whom something may wait. */
export interface HaltedReader {
  readonly id: number;
  /** Bytes that wait for it. */
  readonly pending: number;
}

/** What a backlog asks of its link. */
export interface ReceiveFlowControlEvents<R extends HaltedReader> {
  /** The other side is to send nothing more for this one, or may again. */
  hold(reader: R, is: boolean): void;
  /** Nothing more is to be read from the link, or may again. */
  wait(is: boolean): void;
  /** It has kept the link waiting for too long. */
  stalled(reader: R): void;
}

/**
 * What waits for the clients of a link that do not read. Who can be told is told to hold back for one of them, and nobody else has to
 * wait. Where that is of no use, the link waits, and with it the others: for so long, and then the client is given up.
 */
export class ReceiveFlowControl<R extends HaltedReader> {
  readonly #stallMs: number;
  readonly #clock: Clock;
  readonly #events: ReceiveFlowControlEvents<R>;
  /** Those for whom too much waits; with the end of their patience while the link waits. */
  readonly #crowded = new Map<R, Timer | undefined>();
  readonly #held = new Set<R>();
  #canHold = false;
  #waiting = false;
  #closed = false;

  constructor(stallMs: number, clock: Clock, events: ReceiveFlowControlEvents<R>) {
    this.#stallMs = stallMs;
    this.#clock = clock;
    this.#events = events;
  }

  /** Whether the link waits. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** The other side can be told to hold back. */
  canHold(): void {
    this.#canHold = true;
  }

  /** What waits for this one is more or less than before; nothing, when it is gone. */
  changed(reader: R): void {
    if (this.#closed) return;
    const { pending } = reader;
    if (pending <= MAX_PENDING) this.#relieve(reader);
    else if (!this.#crowded.has(reader)) this.#crowded.set(reader, undefined);
    if (pending > MAX_PENDING && this.#canHold && !this.#held.has(reader)) {
      this.#held.add(reader);
      this.#events.hold(reader, true);
    } else if (pending <= FEW_PENDING && this.#held.delete(reader)) this.#events.hold(reader, false);
    this.#regulate();
  }

  /** The link is over: nobody waits for it any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#crowded.values()) timer?.cancel();
  }

  #relieve(reader: R): void {
    this.#crowded.get(reader)?.cancel();
    this.#crowded.delete(reader);
  }

  #regulate(): void {
    const is = this.#crowded.size > 0 && (!this.#canHold || this.#surplus() > MAX_SURPLUS);
    for (const [reader, timer] of this.#crowded) {
      if (is === (timer !== undefined)) continue;
      timer?.cancel();
      this.#crowded.set(reader, is ? this.#clock.after(this.#stallMs, () => this.#events.stalled(reader)) : undefined);
    }
    if (is === this.#waiting) return;
    this.#waiting = is;
    this.#events.wait(is);
  }

  /** What waits beyond what each may have: else many that do not read, and are held, would be too much together. */
  #surplus(): number {
    let surplus = 0;
    for (const { pending } of this.#crowded.keys()) surplus += pending - MAX_PENDING;
    return surplus;
  }
}
