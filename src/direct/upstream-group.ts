import { attemptMs, orderOfTrying } from "../core/direct/balance.js";
import type { DirectRoute } from "../core/direct/direct-line.js";
import type { DirectStatus } from "../core/direct/direct-status.js";
import type { ClientOrigin, LineId } from "../core/net/client-origin.js";
import { type Dial, failedDial } from "../dial/dial.js";
import { NO_MORE_FILES } from "../dial/dial-error.js";
import type { DirectContext } from "./direct-context.js";
import { FailoverDial } from "./failover-dial.js";
import { TelegramScheduler } from "./telegram-scheduler.js";
import { type CheckRule, Upstream } from "./upstream.js";

/** The servers of one `[direct]` line, and which of them a client gets. */
export class UpstreamGroup {
  readonly #line: LineId;
  readonly #servers: readonly Upstream[];
  #telegrams: TelegramScheduler;
  #route: DirectRoute;
  #context: DirectContext;
  /** The index of the server that was tried first for the last client. */
  #previous = -1;

  constructor(line: LineId, route: DirectRoute, context: DirectContext) {
    this.#line = line;
    this.#route = route;
    this.#context = context;
    this.#telegrams = new TelegramScheduler(route.direct, context.clock);
    const rule = checkRule(route, context);
    this.#servers = ordersOf(route).map((own) => new Upstream(line, own, rule, context));
  }

  get status(): DirectStatus {
    return {
      port: this.#line.port,
      ...(this.#line.name !== undefined && { name: this.#line.name }),
      balance: this.#route.direct.balance,
      telegrams: this.#telegrams.status,
      servers: this.#servers.map(({ status }) => status),
    };
  }

  /** Goes on by another order for the same servers. */
  configure(route: DirectRoute, context: DirectContext): void {
    const { rate, shareMs } = this.#route.direct;
    if (route.direct.rate !== rate || route.direct.shareMs !== shareMs) {
      this.#telegrams = new TelegramScheduler(route.direct, context.clock);
    }
    this.#route = route;
    this.#context = context;
    const rule = checkRule(route, context);
    for (const [index, own] of ordersOf(route).entries()) this.#servers[index]?.configure(own, rule, context);
  }

  /** Begins to connect a client of this origin. */
  reach(origin: ClientOrigin): Dial {
    if (!this.#context.descriptors.hasRoom) return failedDial(NO_MORE_FILES);
    const previous = this.#previous;
    const choose = (): number[] => orderOfTrying(this.#route.direct.balance, this.#servers, previous);
    this.#previous = choose()[0] ?? -1;
    const servers = (): Upstream[] => choose().flatMap((index) => this.#servers[index] ?? []);
    return new FailoverDial(servers, origin, this.#route, this.#context, this.#telegrams);
  }

  /** Checks nothing any more. Clients go on as they are. */
  stop(): void {
    for (const server of this.#servers) server.stop();
  }
}

/** The same order for each of its servers alone. */
function ordersOf(route: DirectRoute): DirectRoute[] {
  if (route.servers.length === 1) return [route];
  return route.servers.map((target) => ({ ...route, target, servers: [target] }));
}

/** A server that is the only one may take only one connection: it is left alone but for telling that it is back. */
function checkRule({ servers, options, direct }: DirectRoute, { settings }: DirectContext): CheckRule {
  const alone = settings.alertUrl === "" ? "never" : "while-down";
  const when = servers.length > 1 ? "always" : alone;
  return {
    when: direct.checkMs === 0 ? "never" : when,
    everyMs: direct.checkMs,
    limitMs: attemptMs(options.connectTimeoutMs, servers.length), // what a client has for it
  };
}
