import { attemptMs } from "../core/direct/balance.js";
import type { DirectOrder } from "../core/direct/direct-line.js";
import type { Origin } from "../core/net/client-origin.js";
import { type Dial, DialError } from "../dial/dial.js";
import type { End } from "../sockets/end.js";
import type { Timer } from "../system/clock.js";
import type { DirectHost } from "./direct-context.js";
import type { TelegramLine } from "./telegram-scheduler.js";
import type { Server } from "./upstream.js";

const GIVEN_UP = "given up";

/** The way of one client to one of several servers: one is tried after the other, all of them perhaps several times. */
export class Reach implements Dial {
  readonly end: Promise<End>;
  readonly descriptors = 1;
  served: Server | undefined;
  readonly #servers: () => readonly Server[];
  readonly #origin: Origin;
  readonly #order: DirectOrder;
  readonly #host: DirectHost;
  readonly #telegrams: TelegramLine;
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
    servers: () => readonly Server[],
    origin: Origin,
    order: DirectOrder,
    host: DirectHost,
    telegrams: TelegramLine,
  ) {
    this.#servers = servers;
    this.#origin = origin;
    this.#order = order;
    this.#host = host;
    this.#telegrams = telegrams;
    this.#until = host.clock.now() + order.options.connectTimeoutMs;
    this.end = this.#run();
  }

  abort(): void {
    this.#aborted = true;
    this.#attempt?.abort();
    this.#pause?.cancel();
    this.#goOn();
  }

  get #leftMs(): number {
    return this.#until - this.#host.clock.now();
  }

  async #run(): Promise<End> {
    const { againMs } = this.#order.direct;
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
  async #try(server: Server, servers: number): Promise<End | DialError> {
    if (this.#aborted) throw new DialError(GIVEN_UP);
    const since = this.#host.clock.now();
    const limitMs = attemptMs(this.#leftMs, servers);
    this.#attempt = server.dial(this.#origin, limitMs);
    try {
      const end = await this.#attempt.end;
      server.reached();
      this.served = server;
      return this.#telegrams.wrap(end);
    } catch (error) {
      if (error instanceof DialError && !this.#aborted) {
        server.failed(error, since, limitMs);
        return error;
      }
      server.left();
      throw error;
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#pause = this.#host.clock.after(ms, resolve);
    });
  }
}
