const SLOTS = 12;
const SLOT_MS = 5000;

/** The window: pollers in homes ask once a second to twice a minute. */
const RECENT_MS = SLOTS * SLOT_MS;

/**
 * The sum of what was added within the last minute. It forgets in steps of 5 s, so it covers 55 to 60 s. Its memory does not grow, and
 * adding costs a few steps. Times are those of one clock, in milliseconds.
 */
export class RecentSum {
  #since: number;
  readonly #slots = new Float64Array(SLOTS);
  /** The slot of the last call, counted from time 0. */
  #slot: number;

  /** @param now when the sum begins */
  constructor(now: number) {
    this.#since = now;
    this.#slot = slotAt(now);
  }

  add(amount: number, now: number): void {
    this.#moveTo(now);
    this.#slots[this.#slot % SLOTS] = (this.#slots[this.#slot % SLOTS] ?? 0) + amount;
  }

  /** Adds this amount for each millisecond of a span. It must not begin before the last call. */
  addSpan(perMs: number, from: number, until: number): void {
    for (let start = Math.max(from, until - RECENT_MS); start < until; ) {
      const end = Math.min(until, (slotAt(start) + 1) * SLOT_MS);
      this.add((end - start) * perMs, start);
      start = end;
    }
  }

  /** Adds everything that another sum has. */
  addAll(other: RecentSum, now: number): void {
    for (const sum of [this, other]) sum.#moveTo(now);
    for (const [index, amount] of other.#slots.entries()) this.#slots[index] = (this.#slots[index] ?? 0) + amount;
    this.#since = Math.min(this.#since, other.#since);
  }

  /** The sum for each millisecond of the window; of the time since the beginning, where that is shorter (1 s at least). */
  perMs(now: number): number {
    this.#moveTo(now);
    const windowMs = now - (this.#slot - SLOTS + 1) * SLOT_MS;
    const sum = this.#slots.reduce((total, amount) => total + amount, 0);
    return sum / Math.max(1000, Math.min(windowMs, now - this.#since));
  }

  /** Empties the slots that have become too old. */
  #moveTo(now: number): void {
    const slot = slotAt(now);
    if (slot <= this.#slot) return;
    for (let old = Math.max(this.#slot + 1, slot - SLOTS + 1); old <= slot; old += 1) this.#slots[old % SLOTS] = 0;
    this.#slot = slot;
  }
}

function slotAt(ms: number): number {
  return Math.floor(ms / SLOT_MS);
}
