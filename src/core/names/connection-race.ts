import type { Family, HostAddress } from "./host-address.js";

/** What to do next in a race. */
export type RaceStep =
  /** Begin to connect to this address. */
  | { readonly kind: "start"; readonly address: HostAddress }
  /** Ask the name servers anew: what was known of the name may be out of date. */
  | { readonly kind: "refresh" }
  /** Wait for an event; at this time at the latest, ask again. */
  | { readonly kind: "wait"; readonly until?: number }
  /** Every address has failed, and no other one will come. */
  | { readonly kind: "over" };

/** What the search for addresses may still bring: something by itself, something when it is asked, or nothing. */
export type Prospect = "more" | "refresh" | "nothing";

/** How an attempt has failed: the host has answered that it takes no connection, or nobody has answered. */
export type Failure = "answered" | "unanswered";

/** By this part of its time, a race has begun all attempts. */
const STARTED_BY = 0.75;
/** RFC 8305, section 8. */
const MIN_DELAY_MS = 10;

/** Addresses that are still to come are waited for so long, once the host has refused all others: it is there, and will likely refuse again. */
const PATIENCE_MS = 2000;

/**
 * The order in which a client tries the addresses of a name while they become known (RFC 8305, sections 4 and 5): families take turns,
 * and an attempt that is not over has so much time before the next one joins it. Times are in milliseconds of one clock.
 */
export class ConnectionRace {
  readonly #maxDelayMs: number;
  readonly #withinMs: number;
  readonly #known = new Set<string>();
  #untried: HostAddress[] = [];
  #prospect: Prospect = "more";
  #lastFamily: Family | undefined;
  #running = 0;
  /** Not before this time a further attempt joins those that run. */
  #nextAt = 0;
  /** When the last attempt failed, if a host had answered. */
  #answeredAt: number | undefined;

  /**
   * @param maxDelayMs between the starts of two attempts, unless one fails (RFC 8305, section 8: 250 ms)
   * @param withinMs how long the race may take: of many addresses, even the last one begins in time
   */
  constructor(maxDelayMs: number, withinMs = Number.POSITIVE_INFINITY) {
    this.#maxDelayMs = maxDelayMs;
    this.#withinMs = withinMs;
  }

  /** Attempts that are neither connected nor failed. */
  get running(): number {
    return this.#running;
  }

  get #delayMs(): number {
    const eachMs = (this.#withinMs * STARTED_BY) / Math.max(2, this.#known.size);
    return Math.min(this.#maxDelayMs, Math.max(MIN_DELAY_MS, eachMs));
  }

  /** Takes addresses in, the preferred one first. Those that are known already count once. */
  found(addresses: readonly HostAddress[]): void {
    for (const each of addresses) {
      if (this.#known.has(each.address)) continue;
      this.#known.add(each.address);
      this.#untried.push(each);
    }
  }

  /** The search for addresses has come so far. */
  expect(prospect: Prospect): void {
    this.#prospect = prospect;
  }

  /** An attempt that was to start cannot join the others now: its address is tried again after the delay. */
  postpone(address: HostAddress, now: number): void {
    this.#running -= 1;
    this.#untried.unshift(address);
    this.#nextAt = now + this.#delayMs;
  }

  /** An attempt has failed: the next one may begin at once. */
  failed(how: Failure, now: number): void {
    this.#running -= 1;
    this.#nextAt = now;
    if (how === "answered") this.answered(now);
  }

  /** The name has a meaning that cannot be connected to: an address was refused, or the rules deny it. */
  answered(now: number): void {
    this.#answeredAt = now;
  }

  /** What to do now. A `start` counts as done. */
  next(now: number): RaceStep {
    const isDue = this.#running === 0 || now >= this.#nextAt;
    if (this.#untried.length > 0) return isDue ? this.#start(now) : { kind: "wait", until: this.#nextAt };
    switch (this.#prospect) {
      case "refresh":
        if (!isDue) return { kind: "wait", until: this.#nextAt };
        this.#prospect = "more";
        return { kind: "refresh" };
      case "more":
        return this.#running > 0 ? { kind: "wait" } : this.#starve(now);
      case "nothing":
        return this.#running > 0 ? { kind: "wait" } : { kind: "over" };
    }
  }

  #start(now: number): RaceStep {
    const other = this.#untried.findIndex(({ family }) => family !== this.#lastFamily);
    const [address] = this.#untried.splice(Math.max(0, other), 1) as [HostAddress];
    this.#lastFamily = address.family;
    this.#running += 1;
    this.#nextAt = now + this.#delayMs;
    return { kind: "start", address };
  }

  /** Nothing runs, nothing is left to try, and more addresses may come. */
  #starve(now: number): RaceStep {
    if (this.#answeredAt === undefined) return { kind: "wait" };
    const until = this.#answeredAt + PATIENCE_MS;
    return now < until ? { kind: "wait", until } : { kind: "over" };
  }
}
