import { backoffMs } from "../../limits/backoff.js";
import { ReadMerger } from "../read-merger.js";
import { ADDRESSES, apart, groupNumber, holds, type RegisterRange } from "../register-ranges.js";
import type { PublishedValue } from "./published-value.js";

const MAX_WAIT_MS = 300_000; // between polls of what the device does not answer; a longer POLL is kept
const MAX_DOWN_MS = 60_000; // between polls of a device that cannot be reached, likewise
const MAX_FIRST_MS = 30_000; // before the first poll: who comes back after a start of the daemon has come by then
const MAX_GRACE_MS = 5000; // beyond the poll time, for clients that read as often: their pause, and all their answers before it
const GRACE = 2; // the half of the poll time at most, and of what is left until the value is stale
const RIDE = 2; // a value that is due within the half of its time comes along where that costs no request

/** What has become of a poll. `refused`: the device does not read this range; `unanswered`: nor any other way; `no path`: it cannot be reached. */
export type PollOutcome = "answered" | "refused" | "unanswered" | "no path";

/** What is known of a value that is polled. */
interface Polled {
  readonly value: PublishedValue;
  failures: number;
  /** It is not asked for before. */
  notBefore: number;
  /** When the last poll had it; another time of {@link PublishedValue.readAt} is that of a client's answer. */
  polledAt: number | undefined;
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
   * @param now clients get the first time for themselves, half a minute at most: what they ask for needs no poll
   * @param random gives numbers from 0 (inclusive) to 1 (exclusive)
   */
  constructor(values: readonly PublishedValue[], now: number, random: () => number) {
    this.#random = random;
    this.#polled = values
      .filter(({ pollMs }) => pollMs > 0)
      .toSorted((one, other) => one.range.start - other.range.start)
      .map((value) => ({ value, failures: 0, notBefore: firstAt(value, now), polledAt: undefined }));
  }

  /** When the next poll is due, if nobody asks before; infinite: never. */
  get dueAt(): number {
    const first = this.#polled.reduce((at, polled) => Math.min(at, dueAt(polled)), Number.POSITIVE_INFINITY);
    return Math.max(first, this.#downUntil);
  }

  /** The requests that are due. @param maxGap registers that nobody wants in one of them, at most (MERG) */
  due(now: number, maxGap: number): Poll[] {
    if (now < this.#downUntil) return [];
    let polls: Poll[] = [];
    const ends = new Map<number, number>(); // of what is asked for so far, by group
    for (const polled of this.#polled.filter((each) => dueAt(each) <= now)) {
      const { range } = polled.value;
      const group = groupNumber(range);
      const before = ends.get(group) ?? Number.NEGATIVE_INFINITY;
      const isFar = range.start - before > maxGap; // as most of many are
      polls = isFar ? [...polls, pollOf(polled)] : this.#with(pollOf(polled), polls, maxGap, now);
      ends.set(group, Math.max(before, range.start + range.count));
    }
    for (const polled of this.#polled) {
      if (dueAt(polled) <= now || wantedAt(polled) - now > polled.value.pollMs / RIDE) continue;
      const more = this.#with(pollOf(polled), polls, maxGap, now);
      if (more.length <= polls.length) polls = more;
    }
    return polls.sort((one, other) => orderOf(one.range) - orderOf(other.range));
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
      const { pollMs, readAt } = polled.value;
      if (outcome === "answered") polled.polledAt = readAt;
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
    if (one.unit !== other.unit || one.code !== other.code || apart(one, other) > maxGap) return undefined; // as most
    if (holds(one, other)) return one;
    if (holds(other, one)) return other;
    return this.#merger.union(one, other, maxGap, now);
  }

  /** One request more, which takes in those that it can be one with. */
  #with(poll: Poll, polls: readonly Poll[], maxGap: number, now: number): Poll[] {
    for (const other of polls) {
      const range = this.#union(other.range, poll.range, maxGap, now);
      if (range === undefined) continue;
      const both = { range, values: [...other.values, ...poll.values] };
      return this.#with(
        both,
        polls.filter((each) => each !== other),
        maxGap,
        now,
      );
    }
    return [...polls, poll];
  }
}

/** By unit, function and address. */
function orderOf(range: RegisterRange): number {
  return groupNumber(range) * ADDRESSES + range.start;
}

function pollOf({ value }: Polled): Poll {
  return { range: value.range, values: [value] };
}

function firstAt({ readAt, pollMs }: PublishedValue, now: number): number {
  return readAt === undefined ? now + Math.min(pollMs, MAX_FIRST_MS) : now;
}

/** When nobody has asked for it for its time. */
function wantedAt({ value, notBefore }: Polled): number {
  return Math.max(notBefore, (value.readAt ?? Number.NEGATIVE_INFINITY) + value.pollMs);
}

/** A client that reads as often as the daemon would comes a little later each time: its next read is awaited, or else each costs a poll, too. */
function dueAt(polled: Polled): number {
  const { pollMs, staleMs, readAt } = polled.value;
  const isOfClient = readAt !== undefined && readAt !== polled.polledAt;
  return wantedAt(polled) + (isOfClient ? Math.min(MAX_GRACE_MS, Math.min(pollMs, staleMs - pollMs) / GRACE) : 0);
}
