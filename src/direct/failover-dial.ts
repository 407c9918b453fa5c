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

  get #leftMs(): number {
    return this.#deadline - this.#context.clock.now();
  }

  async #run(): Promise<End> {
    const { length } = this.#upstreams;
    const failures: DialError[] = [];
    const reasons: string[] = [];
    for (const [index, upstream] of this.#upstreams.entries()) {
      const result = await this.#try(upstream, length - index);
      if (!(result instanceof DialError)) return result;
      failures.push(result);
      reasons.push(length === 1 ? result.message : `${upstream.name} ${result.message}`);
    }
    const cause = new AggregateError(failures);
    throw new DialError(reasons.join("; "), { cause });
  }

  /** @param left number of servers that have not been tried yet, including this one */
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
}
