import type { Socket } from "node:net";
import { ConnectionRace, type Failure } from "../core/names/connection-race.js";
import type { HostAddress } from "../core/names/host-address.js";
import type { Search } from "../names/name-search.js";
import type { Names } from "../names/names.js";
import type { Clock, Timer } from "../system/clock.js";
import type { DescriptorBudget, DescriptorLease } from "../system/descriptor-budget.js";
import type { Attempt, Outcome } from "./connecting.js";

/** So long an attempt has before the next one joins it (RFC 8305, section 8). */
const ATTEMPT_DELAY_MS = 250;
/** Failures by which the host itself has answered. */
const ANSWERS = new Set(["ECONNREFUSED", "ECONNRESET"]);

/** Most addresses that an error names. */
const MAX_NAMED = 4;

/** What a race needs. */
export interface RaceContext {
  readonly clock: Clock;
  readonly names: Pick<Names, "search">;
  /** Each attempt beside the first one takes a descriptor of these while it lasts; the first one is the caller's. */
  readonly descriptors?: Pick<DescriptorBudget, "take"> | undefined;
  /** Called with each socket that is about to connect. */
  readonly dialing?: ((socket: Socket) => void) | undefined;
}

/** Whom to connect to, and how. */
export interface Contest<T> {
  /** The name. */
  readonly host: string;
  /** How long it may take, in milliseconds. */
  readonly withinMs?: number;
  /** Why an address must not be connected to; undefined: it may. */
  denialReason?(address: string): string | undefined;
  /** Begins to connect to an address. It tells its outcome later, not during this call. */
  attempt(address: string, outcome: Outcome<T>): Attempt;
}

/** Connects to the first address of a name that takes a connection (RFC 8305); the order is that of {@link ConnectionRace}. */
export class HostRace<T> implements Attempt {
  readonly #contest: Contest<T>;
  readonly #context: RaceContext;
  readonly #outcome: Outcome<T>;
  readonly #race: ConnectionRace;
  readonly #search: Search;
  readonly #attempts = new Set<Attempt>();
  readonly #tried: string[] = [];
  /** One for each attempt beside the first. */
  readonly #leases: DescriptorLease[] = [];
  #timer: Timer | undefined;
  #isOver = false;
  /** Of the attempts, that of the last one counts; without one, the first denial, or why the name has no address. */
  #error: Error | undefined;
  #denial: Error | undefined;
  #nameError: Error | undefined;

  /** The outcome is told later, not during this call. Of several failures, the last one counts. */
  constructor(contest: Contest<T>, context: RaceContext, outcome: Outcome<T>) {
    this.#contest = contest;
    this.#context = context;
    this.#outcome = outcome;
    this.#race = new ConnectionRace(ATTEMPT_DELAY_MS, contest.withinMs);
    this.#search = context.names.search(contest.host, {
      found: (addresses) => this.#found(addresses),
      ended: (isKept, error) => {
        this.#nameError ??= error;
        this.#race.expect(isKept ? "refresh" : "nothing");
        this.#advance();
      },
    });
  }

  get lastError(): Error {
    const silence = this.#tried.length > 0 ? `no answer from ${listOf(this.#tried)}` : undefined;
    const reason = new Error(silence ?? `no address of ${this.#contest.host} is known yet`);
    return this.#error ?? this.#denial ?? reason;
  }

  cancel(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#search.cancel();
    for (const attempt of this.#attempts) attempt.cancel();
    this.#attempts.clear();
    for (const lease of this.#leases) lease.release();
  }

  #found(addresses: readonly HostAddress[]): void {
    const now = this.#context.clock.now();
    const permitted = addresses.filter(({ address }) => {
      const reason = this.#contest.denialReason?.(address);
      if (reason === undefined) return true;
      this.#denial ??= Object.assign(new Error(reason), { code: "EPERM" }); // a later attempt fares no better
      this.#race.answered(now);
      return false;
    });
    this.#race.found(permitted);
    this.#advance();
  }

  /** Does whatever is due. */
  #advance(): void {
    while (!this.#isOver) {
      this.#timer?.cancel();
      const { clock } = this.#context;
      const step = this.#race.next(clock.now());
      switch (step.kind) {
        case "start":
          this.#start(step.address);
          break;
        case "refresh":
          this.#search.refresh();
          break;
        case "wait":
          if (step.until !== undefined) this.#timer = clock.after(step.until - clock.now(), () => this.#advance());
          return;
        case "over":
          this.cancel();
          this.#outcome.failed(this.#error ?? this.#denial ?? this.#nameError ?? new Error("no address"));
      }
    }
  }

  #start(address: HostAddress): void {
    const { clock, descriptors } = this.#context;
    if (this.#attempts.size > 0 && descriptors !== undefined) {
      const lease = descriptors.take();
      if (lease === undefined) {
        this.#race.postpone(address, clock.now());
        return;
      }
      this.#leases.push(lease);
    }
    this.#tried.push(address.address);
    const attempt = this.#contest.attempt(address.address, {
      connected: (result) => {
        if (!this.#attempts.delete(attempt)) return;
        this.cancel();
        this.#outcome.connected(result);
      },
      failed: (error) => {
        if (!this.#attempts.delete(attempt)) return;
        this.#leases.pop()?.release();
        this.#error = error;
        this.#race.failed(failureOf(error), clock.now());
        this.#advance();
      },
    });
    this.#attempts.add(attempt);
  }
}

function failureOf({ code = "" }: NodeJS.ErrnoException): Failure {
  return ANSWERS.has(code) ? "answered" : "unanswered";
}

function listOf(addresses: readonly string[]): string {
  const more = addresses.length - MAX_NAMED;
  return `${addresses.slice(0, MAX_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
