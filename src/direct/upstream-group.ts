import type { DirectLine } from "../core/config/settings.js";
import { attemptMs, orderOfTrying } from "../core/direct/balance.js";
import type { DirectRoute } from "../core/direct/direct-line.js";
import type { DirectStatus } from "../core/direct/direct-status.js";
import { namesOfLine } from "../core/health/problems.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { LineNames } from "../core/status/gathering.js";
import { type Dial, failedDial, type ServerLease } from "../dial/dial.js";
import { NO_MORE_FILES } from "../dial/dial-error.js";
import { retryingDial } from "../dial/retrying-dial.js";
import type { DirectContext } from "./direct-context.js";
import { FailoverDial } from "./failover-dial.js";
import type { CheckRule } from "./server-check.js";
import { TelegramScheduler } from "./telegram-scheduler.js";
import { Upstream } from "./upstream.js";

/** The servers of one `[direct]` line. Chooses one for each client. */
export class UpstreamGroup {
  readonly #line: DirectLine;
  readonly #upstreams: readonly Upstream[];
  #telegrams: TelegramScheduler;
  #route: DirectRoute;
  #context: DirectContext;
  /** The index of the server that the last client tried first; -1: there was no client. */
  #previous = -1;

  constructor(line: DirectLine, context: DirectContext) {
    const { route } = line;
    this.#line = line;
    this.#route = route;
    this.#context = context;
    this.#telegrams = new TelegramScheduler(route.direct, context.clock);
    const rule = checkRule(route, context);
    this.#upstreams = routesOf(route).map((single) => new Upstream(line, single, rule, context));
  }

  get lineNames(): LineNames {
    return namesOfLine(this.#line);
  }

  get status(): DirectStatus {
    return {
      port: this.#line.port,
      ...(this.#line.name !== undefined && { name: this.#line.name }),
      balance: this.#route.direct.balance,
      telegrams: this.#telegrams.status,
      servers: this.#upstreams.map(({ status }) => status),
    };
  }

  /** Applies a reload: the servers are the same. */
  configure(route: DirectRoute, context: DirectContext): void {
    const { rate, shareMs } = this.#route.direct;
    if (route.direct.rate !== rate || route.direct.shareMs !== shareMs) {
      this.#telegrams = new TelegramScheduler(route.direct, context.clock);
    }
    this.#route = route;
    this.#context = context;
    const rule = checkRule(route, context);
    for (const [index, single] of routesOf(route).entries()) this.#upstreams[index]?.configure(single, rule, context);
  }

  /** Begins to connect a client of this origin. */
  dial(origin: ClientOrigin): Dial {
    if (!this.#context.descriptors.hasRoom) return failedDial(NO_MORE_FILES);
    const previous = this.#previous;
    const order = (): number[] => orderOfTrying(this.#route.direct.balance, this.#upstreams, previous);
    this.#previous = order()[0] ?? -1;
    const upstreams = (): Upstream[] => order().flatMap((index) => this.#upstreams[index] ?? []);
    const rule = { options: this.#route.options, servers: this.#upstreams.length };
    const [context, telegrams] = [this.#context, this.#telegrams];
    return retryingDial(
      rule,
      context.clock,
      (limitMs) => new FailoverDial(upstreams(), origin, limitMs, context, telegrams),
    );
  }

  /** Counts a client that another process has connected to a server; undefined: the line has no such server any more. */
  claim(server: HostPort): Pick<ServerLease, "release"> | undefined {
    const upstream = this.#upstreams.find(({ name }) => name === formatHostPort(server));
    upstream?.claim();
    return upstream;
  }

  /** Ends all checks. Clients stay connected. */
  stop(): void {
    for (const upstream of this.#upstreams) upstream.stop();
  }
}

/** A route for each server alone. */
function routesOf(route: DirectRoute): DirectRoute[] {
  if (route.servers.length === 1) return [route];
  return route.servers.map((target) => ({ ...route, target, servers: [target] }));
}

/** The only server of a line may take a single connection: it is checked only while it is down, for the alert that it is back. */
function checkRule({ servers, options, direct }: DirectRoute, { settings }: DirectContext): CheckRule {
  const alone = settings.alertUrl === "" ? "never" : "while-down";
  const when = servers.length > 1 ? "always" : alone;
  return {
    when: direct.checkMs === 0 ? "never" : when,
    everyMs: direct.checkMs,
    timeoutMs: attemptMs(options.connectTimeoutMs, servers.length), // as a client has
  };
}
