import type { Dispatcher, Client as UndiciClient } from "undici";
import { parseHttpEndpoint, withoutEndSlashes } from "../core/net/http-endpoint.js";
import type { RaceContext } from "../sockets/host-race.js";
import { Client, Pool } from "../sockets/http-client.js";
import { httpConnector } from "../sockets/http-connector.js";
import { type ExchangeResult, LuupExchange, type LuupExchangeEvents, TIMEOUT_MS } from "./luup-exchange.js";

const IDLE_MS = 30_000; // openLuup drops idle connections after 90 s; ours go earlier
const USER_AGENT = "sockproxyd-1";

const CONNECTION: UndiciClient.Options = {
  pipelining: 1,
  headersTimeout: 0, // LuupExchange limits the time of the whole exchange
  bodyTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
};

/** Kept connections to one Luup engine. A module of its own: {@link LuupClient} loads it, and undici with it, for the first request. */
export class EngineConnections {
  readonly #context: RaceContext;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connection: UndiciClient.Options;
  readonly #pool: Pool;
  /** Connections made so far. */
  #connects = 0;
  #closed = false;

  /**
   * @param url base URL of the engine: http or https, perhaps with a path prefix and `user:password@`
   * @param connections at most
   */
  constructor(url: string, connections: number, context: RaceContext) {
    const { origin, path, authorization } = parseHttpEndpoint(url);
    this.#context = context;
    this.#origin = origin;
    this.#basePath = withoutEndSlashes(path);
    this.#headers = {
      "user-agent": USER_AGENT,
      accept: "*/*",
      ...(authorization !== undefined && { authorization }),
    };
    this.#connection = { ...CONNECTION, connect: httpConnector(TIMEOUT_MS, context) };
    this.#pool = new Pool(origin, { ...this.#connection, connections });
    this.#pool.on("connect", () => {
      this.#connects += 1;
    });
  }

  /**
   * Sends a request: over a kept connection, and if that turns out to be dead, once more over a fresh one.
   *
   * @param path behind the base URL
   * @param sent called when the request leaves
   */
  request(path: string, sent: () => void, finished: (result: ExchangeResult) => void): void {
    const connects = this.#connects;
    this.#dispatch(this.#pool, path, {
      isConnectionKept: () => this.#connects === connects, // none was made since
      sent,
      finished: (result, isStale) => {
        if (!isStale || this.#closed) return finished(result);
        const fresh = new Client(this.#origin, this.#connection);
        this.#dispatch(fresh, path, {
          isConnectionKept: () => false,
          sent,
          finished: (second) => {
            fresh.destroy().catch(() => {});
            finished(second);
          },
        });
      },
    });
  }

  /** Drops all requests and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }

  #dispatch(via: Dispatcher, path: string, events: LuupExchangeEvents): void {
    via.dispatch(
      { origin: this.#origin, path: this.#basePath + path, method: "GET", headers: this.#headers },
      new LuupExchange(this.#context.clock, events),
    );
  }
}
