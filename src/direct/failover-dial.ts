import { attemptMs } from "../core/direct/balance.js";
import type { DirectRoute } from "../core/direct/direct-line.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { Dial } from "../dial/dial.js";
import { DialError } from "../dial/dial-error.js";
import type { End } from "../sockets/end.js";
import type { Timer } from "../system/clock.js";
import type { DirectContext } from "./direct-context.js";
import type { TelegramScheduler } from "./telegram-scheduler.js";
import type { Upstream } from "./upstream.js";

const GIVEN_UP = "given up";

/** Connects one client to one of several servers: tries one after the other, and with RTRY all of them again (docs/direct.md). */
export class FailoverDial implements Dial {
  readonly end: Promise<End>;
  readonly kind = "socket";
  serverLease: Upstream | undefined;
  readonly #upstreams: () => readonly Upstream[];
  readonly #origin: ClientOrigin;
  readonly #route: DirectRoute;
  readonly #context: DirectContext;
  readonly #telegrams: TelegramScheduler;
  /** When the time of the client is over (CTIM). */
  readonly #deadline: number;
  #attempt: Dial | undefined;
  #pause: Timer | undefined;
  #endPause = (): void => {};
  #isAborted = false;

  /**
   * @param upstreams called before each round; returns the servers in the order in which to try them
   * @param origin of the client
   * @param telegrams puts the server connection under the rules of the line
   */
  constructor(
    upstreams: () => readonly Upstream[],
    origin: ClientOrigin,
    route: DirectRoute,
    context: DirectContext,
    telegrams: TelegramScheduler,
  ) {
    this.#upstreams = upstreams;
    this.#origin = origin;
    this.#route = route;
    this.#context = context;
    this.#telegrams = telegrams;
    this.#deadline = context.clock.now() + route.options.connectTimeoutMs;
    this.end = this.#run();
  }

  abort(): void {
    this.#isAborted = true;
    this.#attempt?.abort();
    this.#pause?.cancel();
    this.#endPause();
  }

  get #leftMs(): number {
    return this.#deadline - this.#context.clock.now();
  }

  async #run(): Promise<End> {
    const { againMs } = this.#route.direct;
    for (;;) {
      const upstreams = this.#upstreams();
      const reasons: string[] = [];
      for (const [index, upstream] of upstreams.entries()) {
        const result = await this.#try(upstream, upstreams.length - index);
        if (!(result instanceof DialError)) return result;
        reasons.push(upstreams.length === 1 ? result.message : `${upstream.name} ${result.message}`);
      }
      if (againMs === 0 || this.#leftMs <= againMs) throw new DialError(reasons.join("; "));
      await this.#wait(againMs);
    }
  }

  /** @param left number of servers that this round has not tried yet, including this one */
  async #try(upstream: Upstream, left: number): Promise<End | DialError> {
    if (this.#isAborted) throw new DialError(GIVEN_UP);
    const since = this.#context.clock.now();
    const timeoutMs = attemptMs(this.#leftMs, left);
    this.#attempt = upstream.dial(this.#origin, timeoutMs);
    try {
      const end = await this.#attempt.end;
      upstream.connected();
      this.serverLease = upstream;
      return this.#telegrams.wrap(end);
    } catch (error) {
      if (error instanceof DialError && !this.#isAborted) {
        upstream.failed(error, since, timeoutMs);
        return error;
      }
      upstream.release();
      throw error;
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#endPause = resolve;
      this.#pause = this.#context.clock.after(ms, resolve);
    });
  }
}
