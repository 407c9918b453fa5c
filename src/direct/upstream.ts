import type { DirectRoute } from "../core/direct/direct-line.js";
import type { ServerStatus } from "../core/direct/direct-status.js";
import { formatHostPort } from "../core/net/address.js";
import { type ClientOrigin, type LineId, lineLabel, lineName, sharedOrigin } from "../core/net/client-origin.js";
import { formatSeconds } from "../core/parse/duration.js";
import { type Dial, dial, type ServerLease } from "../dial/dial.js";
import { type DialError, NO_MORE_FILES } from "../dial/dial-error.js";
import type { DirectContext } from "./direct-context.js";
import { type CheckRule, ServerCheck } from "./server-check.js";

/** A shorter attempt that times out says nothing about the server: earlier servers may have used up the time of the client. */
const MIN_ATTEMPT_MS = 250;

/** One server of a `[direct]` line: whether it is up, and how many clients it has. */
export class Upstream implements ServerLease {
  /** `host:port` */
  readonly name: string;
  readonly #line: LineId;
  readonly #check: ServerCheck;
  #route: DirectRoute;
  #context: DirectContext;
  /** Why the server is down; undefined: the daemon believes that it is up. */
  #reason: string | undefined;
  /** When it went up or down, by the clock and by the calendar. */
  #since: number;
  #sinceEpochMs: number;
  #reachedAt = Number.NEGATIVE_INFINITY;
  #active = 0;
  #total = 0;
  #failures = 0;
  #isStopped = false;

  /**
   * @param line of the server
   * @param route has this server as its only target
   */
  constructor(line: LineId, route: DirectRoute, rule: CheckRule, context: DirectContext) {
    this.name = formatHostPort(route.target);
    this.#line = line;
    this.#route = route;
    this.#context = context;
    this.#since = context.clock.now();
    this.#sinceEpochMs = context.clock.epochMs();
    this.#check = new ServerCheck(rule, {
      clock: () => this.#context.clock,
      isUp: () => this.up,
      dial: (timeoutMs) => this.#dial(sharedOrigin(lineName("direct", line)), timeoutMs),
      reached: () => this.#markUp(),
      failed: (error, since) => this.#markFailed(error, since),
      fault: (text) => this.#context.log.error(`${this.#prefix} ${text}`),
    });
  }

  get request(): DirectRoute {
    return this.#route;
  }

  get up(): boolean {
    return this.#reason === undefined;
  }

  /** Number of clients, including those that are being connected. */
  get active(): number {
    return this.#active;
  }

  get status(): ServerStatus {
    return {
      address: this.name,
      state: this.up ? "up" : "down",
      since: this.#context.log.times.iso(this.#sinceEpochMs),
      ...(this.#reason !== undefined && { reason: this.#reason }),
      active: this.#active,
      total: this.#total,
      failures: this.#failures,
    };
  }

  /** Applies a reload: the server is the same. It is checked soon. */
  configure(route: DirectRoute, rule: CheckRule, context: DirectContext): void {
    this.#route = route;
    this.#context = context;
    this.#check.configure(rule);
  }

  /** Ends the checks. The server logs and alerts nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#check.stop();
  }

  /** Begins to connect a client. {@link connected}, {@link failed} or {@link release} is to be called next. */
  dial(origin: ClientOrigin, timeoutMs: number): Dial {
    this.#active += 1;
    return this.#dial(origin, timeoutMs);
  }

  /** A client is connected already, by another process. {@link release} is to be called at the end of its connection. */
  claim(): void {
    this.#active += 1;
    this.connected();
  }

  /** A client is connected. {@link release} is to be called at the end of its connection. */
  connected(): void {
    this.#total += 1;
    this.#markUp();
  }

  /**
   * A client could not be connected.
   *
   * @param since when the attempt began
   * @param timeoutMs the longest time that it had
   */
  failed(error: DialError, since: number, timeoutMs: number): void {
    this.release();
    const hadTime = timeoutMs >= Math.min(MIN_ATTEMPT_MS, this.#route.options.connectTimeoutMs);
    const failedEarly = this.#context.clock.now() - since < timeoutMs;
    if (hadTime || failedEarly) this.#markFailed(error, since);
    else this.#failures += 1;
  }

  release(): void {
    this.#active -= 1;
  }

  #dial(origin: ClientOrigin, timeoutMs: number): Dial {
    const { target, options } = this.#route;
    return dial({ target, options: { ...options, connectTimeoutMs: timeoutMs } }, origin, this.#context);
  }

  #markUp(): void {
    const { clock, log, alerts } = this.#context;
    const now = clock.now();
    this.#reachedAt = now;
    if (this.#isStopped) return;
    alerts.serverFound(this.#line.port, this.name);
    if (this.up) return;
    const downMs = now - this.#since;
    this.#change(undefined);
    log.warn(`${this.#prefix} is back after ${formatSeconds(downMs)}`);
  }

  /** An attempt that began before the server was reached last says nothing about the server now. */
  #markFailed({ message }: DialError, since: number): void {
    if (this.#isStopped || message === NO_MORE_FILES) return;
    this.#failures += 1;
    if (!this.up || since < this.#reachedAt) return;
    this.#change(message);
    this.#context.log.warn(`${this.#prefix} is down: ${message}`);
    this.#context.alerts.serverDown(this.#line.port, this.name, message);
  }

  #change(reason: string | undefined): void {
    this.#reason = reason;
    this.#since = this.#context.clock.now();
    this.#sinceEpochMs = this.#context.clock.epochMs();
    this.#check.changed();
  }

  get #prefix(): string {
    return `[direct ${lineLabel(this.#line)} > ${this.name}]`;
  }
}
