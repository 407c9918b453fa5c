import type { Clock, Timer } from "../system/clock.js";

/** A wait that ends at a time. */
export interface Wait {
  /** By the clock of the mux; infinite: it does not end. */
  readonly dueAt: number;
  /** It has ended. */
  due(): void;
}

/**
 * Ends waits when they are due. Hardly one ever is, as answers come before: so one timer serves all waits of a link, and it stays as it is
 * when a wait is over early. A timer for each request would cost more than the request.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #waits: () => Iterable<Wait>;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** @param waits all that go on */
  constructor(clock: Clock, waits: () => Iterable<Wait>) {
    this.#clock = clock;
    this.#waits = waits;
  }

  /** The time by its clock, in milliseconds. */
  get now(): number {
    return this.#clock.now();
  }

  /** A wait is due at this time; `now`: it is. */
  set(at: number, now: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.after(Math.max(0, at - now), () => this.#ring());
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#at = Number.POSITIVE_INFINITY;
  }

  #ring(): void {
    const { now } = this;
    const waits = [...this.#waits()];
    this.#at = Number.POSITIVE_INFINITY;
    // a timer of Node may be early by a part of a millisecond: what is due then is so a millisecond later
    const next = Math.min(...waits.map(({ dueAt }) => (dueAt > now ? Math.max(dueAt, now + 1) : this.#at)));
    if (next < this.#at) this.set(next, now);
    for (const wait of waits) if (wait.dueAt <= now) wait.due();
  }
}
