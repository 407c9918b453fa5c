import { attemptMs } from "../core/direct/balance.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { Dial } from "../dial/dial.js";
import { DialError, GIVEN_UP } from "../dial/dial-error.js";
import type { End } from "../sockets/end.js";
import type { DirectContext } from "./direct-context.js";
import type { TelegramScheduler } from "./telegram-scheduler.js";
import type { Upstream } from "./upstream.js";

/** Connects one client to one of several servers: tries one after the other (docs/direct.md). */
export class FailoverDial implements Dial {
  readonly end: Promise<End>;
  readonly kind = "socket";
  serverLease: Upstream | undefined;
  readonly #upstreams: readonly Upstream[];
  readonly #origin: ClientOrigin;
  readonly #context: DirectContext;
  readonly #telegrams: TelegramScheduler;
  /** When the time of the client is over. */
  readonly #deadline: number;
  #attempt: Dial | undefined;
  #isAborted = false;

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
    this.#upstreams = upstreams;
    this.#origin = origin;
    this.#context = context;
    this.#telegrams = telegrams;
    this.#deadline = context.clock.now() + limitMs;
    this.end = this.#run();
  }

  abort(): void {
    this.#isAborted = true;
    this.#attempt?.abort();
  }

  async #run(): Promise<End> {
    const { length } = this.#upstreams;
    const failures: DialError[] = [];
    for (const upstream of this.#upstreams) {
      if (this.#isAborted) throw new DialError(GIVEN_UP);
      const since = this.#context.clock.now();
      const timeoutMs = attemptMs(this.#deadline - since, length - failures.length);
      this.#attempt = upstream.dial(this.#origin, timeoutMs);
      try {
        const end = await this.#attempt.end;
        upstream.connected();
        this.serverLease = upstream;
        return this.#telegrams.wrap(end);
      } catch (error) {
        if (!(error instanceof DialError) || this.#isAborted) {
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
