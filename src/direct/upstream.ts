import type { DirectRoute } from "../core/direct/direct-line.js";
import type { ServerStatus } from "../core/direct/direct-status.js";
import { formatHostPort } from "../core/net/address.js";
import { type ClientOrigin, type LineId, lineLabel, lineName, sharedOrigin } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import { type Dial, dial, type ServerLease } from "../dial/dial.js";
import { DialError, NO_MORE_FILES } from "../dial/dial-error.js";
import type { Timer } from "../system/clock.js";
import type { DirectContext } from "./direct-context.js";

/** When a server is asked whether it can be reached, besides by clients. */
export interface CheckRule {
  readonly when: "always" | "while-down" | "never";
  readonly everyMs: number;
  /** Longest time for an answer. */
  readonly limitMs: number;
}

const FIRST_WITHIN_MS = 500; // the servers of a line are not all asked in one moment
const FAIR_MS = 250; // who has had less time has not been slow: others before it have taken it
const JITTER = 0.2; // and do not get in step

/** One server of a `[direct]` line: whether it can be reached, and who has it. */
export class Upstream implements ServerLease {
  readonly #line: LineId;
  readonly #name: string;
  #route: DirectRoute;
  #context: DirectContext;
  #rule: CheckRule;
  /** Why it is down; nothing: it is believed to be up. */
  #reason: string | undefined;
  /** By the clock, and for people. */
  #since: number;
  #sinceEpochMs: number;
  #reachedAt = Number.NEGATIVE_INFINITY;
  #active = 0;
  #total = 0;
  #failures = 0;
  #timer: Timer | undefined;
  #check: Dial | undefined;
  #stopped = false;

  /**
   * @param line that it belongs to
   * @param route with this server as its only target
   */
  constructor(line: LineId, route: DirectRoute, rule: CheckRule, context: DirectContext) {
    this.#line = line;
    this.#name = formatHostPort(route.target);
    this.#route = route;
    this.#rule = rule;
    this.#context = context;
    this.#since = context.clock.now();
    this.#sinceEpochMs = context.clock.epochMs();
    this.#plan(Math.random() * FIRST_WITHIN_MS);
  }

  get request(): DirectRoute {
    return this.#route;
  }

  get name(): string {
    return this.#name;
  }

  get up(): boolean {
    return this.#reason === undefined;
  }

  /** Clients that it has, those being connected included. */
  get active(): number {
    return this.#active;
  }

  get status(): ServerStatus {
    return {
      address: this.#name,
      state: this.up ? "up" : "down",
      since: new Date(this.#sinceEpochMs).toISOString(),
      ...(this.#reason !== undefined && { reason: this.#reason }),
      active: this.#active,
      total: this.#total,
      failures: this.#failures,
    };
  }

  /** Goes on by another order for the same server, and is checked soon. */
  configure(route: DirectRoute, rule: CheckRule, context: DirectContext): void {
    this.#route = route;
    this.#rule = rule;
    this.#context = context;
    this.#plan(Math.random() * FIRST_WITHIN_MS);
  }

  /** Is not checked any more, and says nothing. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#check?.abort();
  }

  /** Begins to connect, for a client: {@link reached} or {@link failed} or {@link release} is to be called then. */
  dial(origin: ClientOrigin, limitMs: number): Dial {
    this.#active += 1;
    return this.#dial(origin, limitMs);
  }

  /** A client has been connected: {@link release} is called when that is over. */
  reached(): void {
    this.#total += 1;
    this.#found();
  }

  /**
   * A client could not be connected.
   *
   * @param since when that was begun
   * @param limitMs the time it had
   */
  failed(error: DialError, since: number, limitMs: number): void {
    this.release();
    const fair =
      limitMs >= Math.min(FAIR_MS, this.#route.options.connectTimeoutMs) || this.#context.clock.now() - since < limitMs;
    if (fair) this.#missed(error, since);
    else this.#failures += 1;
  }

  release(): void {
    this.#active -= 1;
  }

  #dial(origin: ClientOrigin, limitMs: number): Dial {
    const { target, options } = this.#route;
    return dial({ target, options: { ...options, connectTimeoutMs: limitMs } }, origin, this.#context);
  }

  /** Has the next check take place so much later, if there is to be one. */
  #plan(ms: number): void {
    this.#timer?.cancel();
    const { when } = this.#rule;
    const wanted = when === "always" || (when === "while-down" && !this.up);
    if (!wanted || this.#stopped || this.#check !== undefined) return;
    this.#timer = this.#context.clock.after(ms, () => void this.#ask());
  }

  /** Connects, as a client would be, and disconnects. */
  async #ask(): Promise<void> {
    const context = this.#context;
    const since = context.clock.now();
    this.#check = this.#dial(sharedOrigin(lineName("direct", this.#line)), this.#rule.limitMs);
    try {
      (await this.#check.end).destroy();
      this.#found();
    } catch (error) {
      if (error instanceof DialError) this.#missed(error, since);
      else context.log.error(`${this.#who} ${faultText(error)}`);
    }
    this.#check = undefined;
    this.#plan(this.#nextMs());
  }

  #nextMs(): number {
    return this.#rule.everyMs * (1 + JITTER * (Math.random() - 0.5));
  }

  #found(): void {
    const { clock, log, alerts } = this.#context;
    const now = clock.now();
    this.#reachedAt = now;
    if (this.#stopped) return;
    alerts.serverFound(this.#line.port, this.#name);
    if (this.up) return;
    const downMs = now - this.#since;
    this.#changed(undefined);
    log.warn(`${this.#who} is back after ${(downMs / 1000).toFixed(1)} s`);
  }

  #missed({ message }: DialError, since: number): void {
    if (this.#stopped || message === NO_MORE_FILES) return;
    this.#failures += 1;
    if (!this.up || since < this.#reachedAt) return;
    this.#changed(message);
    this.#context.log.warn(`${this.#who} is down: ${message}`);
    this.#context.alerts.serverDown(this.#line.port, this.#name, message);
  }

  #changed(reason: string | undefined): void {
    this.#reason = reason;
    this.#since = this.#context.clock.now();
    this.#sinceEpochMs = this.#context.clock.epochMs();
    if (this.#rule.when === "while-down") this.#plan(this.#nextMs());
  }

  get #who(): string {
    return `[direct ${lineLabel(this.#line)} > ${this.#name}]`;
  }
}
