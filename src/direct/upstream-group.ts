import { attemptMs, orderOfTrying } from "../core/direct/balance.js";
import type { DirectOrder } from "../core/direct/direct-line.js";
import type { DirectStatus } from "../core/direct/direct-status.js";
import type { Origin } from "../core/net/client-origin.js";
import { type Dial, NO_MORE_FILES, refusedDial } from "../dial/dial.js";
import type { DirectHost } from "./direct-context.js";
import { Reach } from "./failover-dial.js";
import { TelegramLine } from "./telegram-scheduler.js";
import { type CheckRule, Server } from "./upstream.js";

/** The servers of one `[direct]` line, and which of them a client gets. */
export class Servers {
  readonly #port: number;
  readonly #servers: readonly Server[];
  #telegrams: TelegramLine;
  #order: DirectOrder;
  #host: DirectHost;
  /** The index of the server that was tried first for the last client. */
  #previous = -1;

  constructor(port: number, order: DirectOrder, host: DirectHost) {
    this.#port = port;
    this.#order = order;
    this.#host = host;
    this.#telegrams = new TelegramLine(order.direct, host.clock);
    const rule = checkRule(order, host);
    this.#servers = ordersOf(order).map((own) => new Server(port, own, rule, host));
  }

  get status(): DirectStatus {
    return {
      port: this.#port,
      balance: this.#order.direct.balance,
      telegrams: this.#telegrams.status,
      servers: this.#servers.map(({ status }) => status),
    };
  }

  /** Goes on by another order for the same servers. */
  configure(order: DirectOrder, host: DirectHost): void {
    const { rate, shareMs } = this.#order.direct;
    if (order.direct.rate !== rate || order.direct.shareMs !== shareMs) {
      this.#telegrams = new TelegramLine(order.direct, host.clock);
    }
    this.#order = order;
    this.#host = host;
    const rule = checkRule(order, host);
    for (const [index, own] of ordersOf(order).entries()) this.#servers[index]?.configure(own, rule, host);
  }

  /** Begins to connect a client of this origin. */
  reach(origin: Origin): Dial {
    if (!this.#host.roomForRemote()) return refusedDial(NO_MORE_FILES);
    const previous = this.#previous;
    const choose = (): number[] => orderOfTrying(this.#order.direct.balance, this.#servers, previous);
    this.#previous = choose()[0] ?? -1;
    const servers = (): Server[] => choose().flatMap((index) => this.#servers[index] ?? []);
    return new Reach(servers, origin, this.#order, this.#host, this.#telegrams);
  }

  /** Checks nothing any more. Clients go on as they are. */
  stop(): void {
    for (const server of this.#servers) server.stop();
  }
}

/** The same order for each of its servers alone. */
function ordersOf(order: DirectOrder): DirectOrder[] {
  if (order.servers.length === 1) return [order];
  return order.servers.map((target) => ({ ...order, target, servers: [target] }));
}

/** A server that is the only one may take only one connection: it is left alone but for telling that it is back. */
function checkRule({ servers, options, direct }: DirectOrder, { settings }: DirectHost): CheckRule {
  const alone = settings.alertUrl === "" ? "never" : "while-down";
  const when = servers.length > 1 ? "always" : alone;
  return {
    when: direct.checkMs === 0 ? "never" : when,
    everyMs: direct.checkMs,
    limitMs: attemptMs(options.connectTimeoutMs, servers.length), // what a client has for it
  };
}
