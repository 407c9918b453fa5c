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

/** The way of one client to one of several servers: one is tried after the other, all of them perhaps several times. */
export class FailoverDial implements Dial {
  readonly end: Promise<End>;
  readonly kind = "socket";
  serverLease: Upstream | undefined;
  readonly #servers: () => readonly Upstream[];
  readonly #origin: ClientOrigin;
  readonly #route: DirectRoute;
  readonly #context: DirectContext;
  readonly #telegrams: TelegramScheduler;
  readonly #until: number;
  #attempt: Dial | undefined;
  #pause: Timer | undefined;
  #goOn = (): void => {};
  #aborted = false;

  /**
   * @param servers tells, before each round, in which order to try them
   * @param origin of the client
   * @param telegrams takes the server that is reached under its rules
   */
  constructor(
    servers: () => readonly Upstream[],
    origin: ClientOrigin,
    route: DirectRoute,
    context: DirectContext,
    telegrams: TelegramScheduler,
  ) {
    this.#servers = servers;
    this.#origin = origin;
    this.#route = route;
    this.#context = context;
    this.#telegrams = telegrams;
    this.#until = context.clock.now() + route.options.connectTimeoutMs;
    this.end = this.#run();
  }

  abort(): void {
    this.#aborted = true;
    this.#attempt?.abort();
    this.#pause?.cancel();
    this.#goOn();
  }

  get #leftMs(): number {
    return this.#until - this.#context.clock.now();
  }

  async #run(): Promise<End> {
    const { againMs } = this.#route.direct;
    for (;;) {
      const servers = this.#servers();
      const reasons: string[] = [];
      for (const [index, server] of servers.entries()) {
        const answer = await this.#try(server, servers.length - index);
        if (!(answer instanceof DialError)) return answer;
        reasons.push(servers.length === 1 ? answer.message : `${server.name} ${answer.message}`);
      }
      if (againMs === 0 || this.#leftMs <= againMs) throw new DialError(reasons.join("; "));
      await this.#rest(againMs);
    }
  }

  /** @param servers that are still to be tried, this one included */
  async #try(server: Upstream, servers: number): Promise<End | DialError> {
    if (this.#aborted) throw new DialError(GIVEN_UP);
    const since = this.#context.clock.now();
    const limitMs = attemptMs(this.#leftMs, servers);
    this.#attempt = server.dial(this.#origin, limitMs);
    try {
      const end = await this.#attempt.end;
      server.reached();
      this.serverLease = server;
      return this.#telegrams.wrap(end);
    } catch (error) {
      if (error instanceof DialError && !this.#aborted) {
        server.failed(error, since, limitMs);
        return error;
      }
      server.release();
      throw error;
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#pause = this.#context.clock.after(ms, resolve);
    });
  }
}
