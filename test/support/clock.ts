import type { Clock, Timer } from "#src/system/clock.js";

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  #now = 1000;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  epochMs(): number {
    return 1_600_000_000_000 + this.#now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Goes to the moment of the next timer and calls it; others of that moment are left. */
  next(): void {
    const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
    if (next === undefined) return;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.callback();
  }

  /** The process stands still: time passes, and nothing is called before the next {@link advance}. */
  standStill(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass, calling what falls due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}
