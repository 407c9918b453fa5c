import { backoffMs } from "../core/limits/backoff.js";
import type { BrokerProbe } from "../core/mqtt/broker-probe.js";
import { RivalWatch } from "../core/mqtt/rival-watch.js";
import { formatHostPort } from "../core/net/address.js";
import type { BrokerSettings, LinkContext } from "./broker-settings.js";

const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
/** Between connections by which the daemon finds out what a broker does not take: a few, and then {@link BACKOFF}. */
const SEARCH_MS = 300;
/** A session that has lasted so long was a good one: the next attempt comes soon. */
const GOOD_MS = 10_000;

/** The end of a connection, or of an attempt to make one. */
export interface BrokerEnd {
  readonly why: string;
  /** The broker gave no reason. */
  readonly isMute: boolean;
  /** The broker had taken what was published. */
  readonly worked: boolean;
}

/** Since when the broker is there or away, why, and when to try again. */
export class BrokerOutages {
  readonly #context: LinkContext;
  readonly #settings: BrokerSettings;
  readonly #probe: BrokerProbe;
  readonly #rivals = new RivalWatch();
  #since: number;
  #why: string | undefined = "not connected yet";
  /** Failures in a row. */
  #failures = 0;

  constructor(settings: BrokerSettings, context: LinkContext, probe: BrokerProbe) {
    this.#settings = settings;
    this.#context = context;
    this.#probe = probe;
    this.#since = context.clock.now();
  }

  /** For how long the broker has been there, or away. */
  get sinceMs(): number {
    return Math.round(this.#context.clock.now() - this.#since);
  }

  /** Why it is away; undefined: it is there. */
  get why(): string | undefined {
    return this.#why;
  }

  /** The broker has taken a connection. */
  began(): void {
    this.#since = this.#context.clock.now();
    this.#why = undefined;
  }

  /** @returns after how many milliseconds to try again */
  ended({ why, isMute, worked }: BrokerEnd): number {
    const { clock, log } = this.#context;
    const lasted = this.#why === undefined ? clock.now() - this.#since : 0;
    this.#probe.ended(isMute && !worked && lasted < GOOD_MS);
    if (this.#why === undefined) this.#since = clock.now();
    const wasSuspected = this.#rivals.isSuspected;
    this.#rivals.ended(worked, isMute, lasted);
    const { isSuspected } = this.#rivals;
    const name = formatHostPort(this.#settings.broker.target);
    this.#why = isSuspected ? `${why}${this.#guess}` : why;
    this.#failures = lasted >= GOOD_MS && !isSuspected ? 1 : this.#failures + 1;
    if (this.#failures === 1) log.warn(`mqtt: ${name} cannot be reached (${why}); it is tried again`);
    if (isSuspected && !wasSuspected) log.warn(`mqtt: ${name}: ${this.#why}`);
    return this.#probe.isSearching ? SEARCH_MS : backoffMs(BACKOFF, this.#failures, Math.random());
  }

  /** What ends connections that work again and again. */
  get #guess(): string {
    const { clientId, isOwnId } = this.#settings;
    return ` again and again${isOwnId ? "" : `; another client seems to have the client-id "${clientId}"`}`;
  }
}
