import { LogThrottle } from "../core/limits/log-throttle.js";
import { GOOD_MS, RetryPause } from "../core/limits/retry-pause.js";
import type { BrokerProbe } from "../core/mqtt/broker-probe.js";
import { RivalWatch } from "../core/mqtt/rival-watch.js";
import { formatHostPort } from "../core/net/address.js";
import type { BrokerSettings, LinkContext } from "./broker-settings.js";

/** Between connections by which the daemon finds out what a broker does not take: a few, and then a usual pause. */
const SEARCH_MS = 300;

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
  readonly #pause = new RetryPause();
  /** The reason that the log has. */
  #told: string | undefined;
  readonly #throttle = new LogThrottle();

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
    if (!this.#probe.isSearching && !this.#rivals.isSuspected) this.#told = undefined;
  }

  /** @returns after how many milliseconds to try again */
  ended({ why, isMute, worked }: BrokerEnd): number {
    const { clock } = this.#context;
    const lasted = this.#why === undefined ? clock.now() - this.#since : 0;
    this.#probe.ended(isMute && !worked && lasted < GOOD_MS);
    if (this.#why === undefined) this.#since = clock.now();
    this.#rivals.ended(worked, isMute, lasted);
    const { isSuspected } = this.#rivals;
    this.#why = `${why}${isSuspected ? this.#guess : this.#probe.isFruitless ? this.#refusal : ""}`;
    this.#tell(this.#why);
    const pauseMs = this.#pause.behind(isSuspected ? 0 : lasted, Math.random());
    return this.#probe.isSearching ? SEARCH_MS : pauseMs;
  }

  /** Tells the log why the broker is away, where it has not told that. */
  #tell(why: string): void {
    if (why === this.#told) return;
    this.#told = why;
    const more = this.#throttle.mention(why, this.#context.clock.now());
    const name = formatHostPort(this.#settings.broker.target);
    if (more !== undefined)
      this.#context.log.warn(`mqtt: ${name} cannot be reached (${why}); it is tried again${more}`);
  }

  /** Why a broker ends each connection, however little is asked of it. */
  get #refusal(): string {
    return ` again and again; perhaps it does not let this user publish below "${this.#settings.prefix}", or discovery`;
  }

  /** What ends connections that work again and again. */
  get #guess(): string {
    const { clientId, isOwnId } = this.#settings;
    return ` again and again${isOwnId ? "" : `; another client seems to have the client-id "${clientId}"`}`;
  }
}
