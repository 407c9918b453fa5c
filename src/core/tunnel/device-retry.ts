import { type Backoff, backoffMs } from "../limits/backoff.js";
import type { Farewell } from "./farewell.js";

/** A link that lasts this long is a good one: after it the device tries again at once. After others it tries more and more slowly. */
const STEADY_MS = 1000;
/** With an attempt of 3 s, the link is there again 5 s after the network. */
const AGAIN: Backoff = { firstMs: 250, maxMs: 2000 };
/** While clients wait for a link to go on, they feel each attempt that comes too late. */
const RESUME: Backoff = { firstMs: 50, maxMs: 500 };
/** After BYE only a person can help, on either side; nothing else will change before long. */
const FAREWELLS: Readonly<Record<Exclude<Farewell["reason"], "closed">, Backoff>> = {
  replaced: { firstMs: 30_000, maxMs: 60_000 }, // two devices that take turns make two swaps a minute at most
  secret: { firstMs: 5000, maxMs: 60_000 },
  unknown: { firstMs: 5000, maxMs: 60_000 },
};
/** A link that lasts this long was no mistake: the next BYE is a first one. */
const SETTLED_MS = 180_000;

/** A link that has ended, or an attempt at one. */
export interface EndedLink {
  /** For so long it was there, in milliseconds; undefined: the server was not reached. */
  readonly lastedMs?: number;
  /** Clients wait for the link to go on. `carried`: some of their bytes have come over the last connection, so it was a good one. */
  readonly waits?: { readonly carried: boolean };
  /** What the server said at the end. */
  readonly farewell?: Farewell | undefined;
}

/** Decides when a device tries again to reach its server. */
export class DeviceRetry {
  /** Attempts and links since the last good link. */
  #failures = 0;
  /** BYEs since the last settled link. */
  #farewells = 0;

  /**
   * @param random a number from 0 (inclusive) to 1 (exclusive)
   * @returns the wait before the next attempt, in milliseconds, and whether a good link has ended
   */
  after(
    { lastedMs = 0, waits, farewell }: EndedLink,
    random: number,
  ): { readonly waitMs: number; readonly wasSteady: boolean } {
    const wasSteady = lastedMs >= STEADY_MS;
    if (wasSteady || waits?.carried) this.#failures = 0;
    if (lastedMs >= SETTLED_MS) this.#farewells = 0;
    this.#failures += 1;
    if (farewell === undefined || farewell.reason === "closed") {
      const backoff = waits === undefined ? AGAIN : RESUME;
      return { waitMs: backoffMs(backoff, this.#failures, random), wasSteady };
    }
    this.#farewells += 1;
    return { waitMs: backoffMs(FAREWELLS[farewell.reason], this.#farewells, random), wasSteady };
  }
}
