import { backoffMs } from "../../limits/backoff.js";
import { ReadMerger } from "../read-merger.js";
import { holds, type RegisterRange } from "../register-ranges.js";
import type { PublishedValue } from "./published-value.js";

const MAX_WAIT_MS = 300_000; // between polls of what the device does not answer; a longer POLL is kept
const MAX_DOWN_MS = 60_000; // between polls of a device that cannot be reached, likewise
const RIDE = 2; // a value that is due within the half of its time comes along where that costs no request

/** What has become of a poll. `refused`: the device does not read this range; `unanswered`: nor any other way; `no path`: it cannot be reached. */
export type PollOutcome = "answered" | "refused" | "unanswered" | "no path";

/** What is known of a value that is polled. */
interface Polled {
  readonly value: PublishedValue;
  failures: number;
  /** It is not asked for before. */
  notBefore: number;
}

/** One request that asks for values. */
export interface Poll {
  readonly range: RegisterRange;
  readonly values: readonly PublishedValue[];
}

/**
 * When the daemon itself asks for values, and by which requests: only for what nobody has asked for in its time, and with as few requests
 * as there can be. Registers side by side share one request, and with MERG those with a few others between them. What the device refuses
 * together, or does not answer, is asked for apart, and more and more seldom. Times are milliseconds of a steady clock.
 */
export class PollPlan {
  readonly #polled: readonly Polled[];
  readonly #merger = new ReadMerger();
  readonly #random: () => number;
  /** Polls in a row that found no way to the device. */
  #lost = 0;
  #downUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param values those without a poll time are left out
   * @param now clients get the first time for themselves: what they ask for needs no poll
   * @param random gives numbers from 0 (inclusive) to 1 (exclusive)
   */
  constructor(values: readonly PublishedValue[], now: number, random: () => number) {
    this.#random = random;
    this.#polled = values
      .filter(({ pollMs }) => pollMs > 0)
      .toSorted((one, other) => one.range.start - other.range.start)
      .map((value) => ({ value, failures: 0, notBefore: value.readAt === undefined ? now + value.pollMs : now }));
  }

  /** When the next poll is due, if nobody asks before; infinite: never. */
  get dueAt(): number {
    const first = this.#polled.reduce((at, polled) => Math.min(at, dueAt(polled)), Number.POSITIVE_INFINITY);
    return Math.max(first, this.#downUntil);
  }

  /** The requests that are due. @param maxGap registers that nobody wants in one of them, at most (MERG) */
  due(now: number, maxGap: number): Poll[] {
    if (now < this.#downUntil) return [];
    const polls: { range: RegisterRange; values: PublishedValue[] }[] = [];
    for (const { value } of this.#polled.filter((polled) => dueAt(polled) <= now)) {
      const before = polls.find(({ range }) => this.#union(range, value.range, maxGap, now) !== undefined);
      if (before === undefined) polls.push({ range: value.range, values: [value] });
      else this.#add(before, value, maxGap, now);
    }
    for (const polled of this.#polled) {
      const { value } = polled;
      if (dueAt(polled) <= now || dueAt(polled) - now > value.pollMs / RIDE) continue;
      const before = polls.find(({ range }) => this.#union(range, value.range, maxGap, now) !== undefined);
      if (before !== undefined) this.#add(before, value, maxGap, now);
    }
    return polls;
  }

  /** A poll is over. */
  over({ range, values }: Poll, outcome: PollOutcome, now: number): void {
    if (outcome === "no path") {
      this.#lost += 1;
      this.#downUntil = now + this.#waitMs(Math.min(...values.map(({ pollMs }) => pollMs)), MAX_DOWN_MS, this.#lost);
      return;
    }
    this.reached();
    const parts = values.map((value) => value.range);
    const isShared = !parts.some((part) => holds(part, range));
    if (outcome === "answered") this.#merger.answered(range, now);
    else if (isShared) this.#merger[outcome](range, parts, now);
    if (isShared && outcome === "refused") return; // each may be right: they are asked for apart, at once
    for (const polled of this.#of(values)) {
      polled.failures = outcome === "answered" ? 0 : polled.failures + 1;
      const { pollMs } = polled.value;
      polled.notBefore = now + (outcome === "answered" ? pollMs : this.#waitMs(pollMs, MAX_WAIT_MS, polled.failures));
    }
  }

  /** The device has answered somebody: it is there. */
  reached(): void {
    this.#lost = 0;
    this.#downUntil = Number.NEGATIVE_INFINITY;
  }

  #of(values: readonly PublishedValue[]): Polled[] {
    return this.#polled.filter(({ value }) => values.includes(value));
  }

  #waitMs(pollMs: number, maxMs: number, failures: number): number {
    return backoffMs({ firstMs: pollMs, maxMs: Math.max(maxMs, pollMs) }, failures, this.#random());
  }

  #union(one: RegisterRange, other: RegisterRange, maxGap: number, now: number): RegisterRange | undefined {
    if (one.unit !== other.unit || one.code !== other.code) return undefined;
    return holds(one, other) ? one : this.#merger.union(one, other, maxGap, now);
  }

  #add(
    poll: { range: RegisterRange; values: PublishedValue[] },
    value: PublishedValue,
    maxGap: number,
    now: number,
  ): void {
    poll.range = this.#union(poll.range, value.range, maxGap, now) ?? poll.range;
    poll.values.push(value);
  }
}

function dueAt({ value, notBefore }: Polled): number {
  return Math.max(notBefore, (value.readAt ?? Number.NEGATIVE_INFINITY) + value.pollMs);
}
