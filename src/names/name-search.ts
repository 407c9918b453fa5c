import type { HostAddress } from "../core/names/host-address.js";
import type { LookupOutcome } from "../core/names/lookup-progress.js";
import type { CachedName } from "../core/names/name-cache.js";
import type { Clock, Timer } from "../system/clock.js";
import type { LookupListener, NameLookup } from "./name-lookup.js";

/** Wants the addresses of a name. */
export interface Seeker {
  /** Addresses, the preferred ones first. More may follow; some may come twice. */
  found(addresses: readonly HostAddress[]): void;
  /**
   * Nothing more comes by itself.
   *
   * @param isKept whether the addresses were known from before: {@link Search.refresh} asks for those of now
   * @param error why there are none, where there are none: `ENOTFOUND`, or `ETIMEOUT` when nobody has answered
   */
  ended(isKept: boolean, error?: NodeJS.ErrnoException): void;
}

/** A search for the addresses of a name. */
export interface Search {
  /** Asks anew. The seeker is told what is found, and then that it is over. */
  refresh(): void;
  /** The seeker is told nothing more. */
  cancel(): void;
}

/** What a search needs. */
export interface SearchDesk {
  readonly clock: Clock;
  /** The addresses that count before all others. */
  fixed(host: string): Promise<readonly HostAddress[]>;
  cached(name: string): CachedName | undefined;
  /** A lookup that is under way, or a new one; undefined when none would help now. */
  lookup(name: string): NameLookup | undefined;
  /** Old addresses are used, because no new ones come. */
  usesStale(name: string, cached: CachedName): void;
}

/** So long a lookup may take before old addresses are used. */
const FRESH_WITHIN_MS = 500;
/** So long somebody waits for new ones in any case, be the servers known to be silent: they may be back. */
const LEAST_MS = 50;

/** One seeker's way to the addresses of a name: the fixed ones, those that are kept, those of a lookup. */
export class NameSearch implements Search, LookupListener {
  readonly #name: string;
  readonly #seeker: Seeker;
  readonly #desk: SearchDesk;
  #lookup: NameLookup | undefined;
  /** Until old addresses are used. */
  #patience: Timer | undefined;
  #hasFound = false;
  /** Whether a lookup is to tell that it is over. */
  #isLooking = false;
  #isCancelled = false;

  /** @param name in lower case, without a final dot */
  constructor(name: string, seeker: Seeker, desk: SearchDesk) {
    this.#name = name;
    this.#seeker = seeker;
    this.#desk = desk;
    void this.#begin();
  }

  refresh(): void {
    this.#isLooking = true;
    this.#lookup = this.#desk.lookup(this.#name);
    if (this.#lookup === undefined) this.over("silent");
    else this.#lookup.join(this);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#patience?.cancel();
    this.#lookup?.leave(this);
  }

  found(addresses: readonly HostAddress[]): void {
    this.#patience?.cancel();
    this.#hasFound = true;
    this.#seeker.found(addresses);
  }

  over(outcome: LookupOutcome): void {
    if (!this.#isLooking) return;
    this.#isLooking = false;
    this.#patience?.cancel();
    if (!this.#hasFound && outcome === "silent") this.#useStale();
    if (!this.#isCancelled) this.#seeker.ended(false, this.#hasFound ? undefined : nameError(this.#name, outcome));
  }

  async #begin(): Promise<void> {
    const fixed = await this.#desk.fixed(this.#name);
    if (this.#isCancelled) return;
    if (fixed.length > 0) {
      this.#seeker.found(fixed);
      this.#seeker.ended(false);
      return;
    }
    const { clock } = this.#desk;
    const cached = this.#desk.cached(this.#name);
    if (cached === undefined) return this.refresh();
    if (clock.now() < cached.freshUntil) {
      this.found(cached.addresses);
      if (!this.#isCancelled) this.#seeker.ended(true);
      return;
    }
    this.refresh();
    if (this.#lookup === undefined || !this.#isLooking || this.#hasFound || this.#isCancelled) return;
    const leftMs = cached.isStale ? 0 : this.#lookup.startedAt + FRESH_WITHIN_MS - clock.now();
    this.#patience = clock.after(Math.max(LEAST_MS, leftMs), () => this.#useStale());
  }

  #useStale(): void {
    const cached = this.#desk.cached(this.#name);
    if (cached === undefined) return;
    this.#desk.usesStale(this.#name, cached);
    this.found(cached.addresses);
  }
}

/** Why a name has no address; its code is `ETIMEOUT` where nobody has answered, `ENOTFOUND` otherwise. */
export function nameError(name: string, outcome: LookupOutcome): NodeJS.ErrnoException {
  const code = outcome === "silent" ? "ETIMEOUT" : "ENOTFOUND";
  return Object.assign(new Error(`no address of ${name} (${code})`), { code });
}
