import { attemptMs } from "../core/direct/balance.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { ChainedDial } from "../dial/chained-dial.js";
import { DialError } from "../dial/dial-error.js";
import type { End } from "../sockets/end.js";
import type { DirectContext } from "./direct-context.js";
import type { TelegramScheduler } from "./telegram-scheduler.js";
import type { Upstream } from "./upstream.js";

/** Connects one client to one of several servers: tries one after the other (docs/direct.md). */
export class FailoverDial extends ChainedDial {
  readonly end: Promise<End>;
  readonly #upstreams: readonly Upstream[];
  readonly #origin: ClientOrigin;
  readonly #context: DirectContext;
  readonly #telegrams: TelegramScheduler;
  /** When the time of the client is over. */
  readonly #deadline: number;
  #reached: Upstream | undefined;

  /**
   * @param upstreams the servers in the order in which to try them
   * @param origin of the client
   * @param limitMs how long all of them may take
   * @param telegrams puts the server connection under the rules of the line
   */
  constructor(
    upstreams: readonly Upstream[],
    origin: ClientOrigin,
    limitMs: number,
    context: DirectContext,
    telegrams: TelegramScheduler,
  ) {
    super();
    this.#upstreams = upstreams;
    this.#origin = origin;
    this.#context = context;
    this.#telegrams = telegrams;
    this.#deadline = context.clock.now() + limitMs;
    this.end = this.#run();
  }

  override get serverLease(): Upstream | undefined {
    return this.#reached;
  }

  async #run(): Promise<End> {
    const { length } = this.#upstreams;
    const failures: DialError[] = [];
    for (const upstream of this.#upstreams) {
      this.checkWanted();
      const since = this.#context.clock.now();
      const timeoutMs = attemptMs(this.#deadline - since, length - failures.length);
      const attempt = upstream.dial(this.#origin, timeoutMs);
      try {
        const end = await this.reachedBy(attempt);
        upstream.connected();
        this.#reached = upstream;
        return this.#telegrams.wrap(end);
      } catch (error) {
        if (!(error instanceof DialError) || this.isAborted) {
          upstream.release();
          throw error;
        }
        upstream.failed(error, since, timeoutMs);
        failures.push(error);
      }
    }
    const reasons = failures.map(({ message }, index) =>
      length === 1 ? message : `${this.#upstreams[index]?.name} ${message}`,
    );
    throw new DialError(reasons.join("; "), { cause: new AggregateError(failures) });
  }
}
