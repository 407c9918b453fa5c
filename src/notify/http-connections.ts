import type { Dispatcher, Client as UndiciClient } from "undici";
import type { HttpRequest } from "../core/net/http-endpoint.js";
import type { RaceContext } from "../sockets/host-race.js";
import { Client, Pool } from "../sockets/http-client.js";
import { httpConnector } from "../sockets/http-connector.js";
import {
  type ExchangeResult,
  HttpExchange,
  type HttpExchangeOwner,
  type JudgeAnswer,
  TIMEOUT_MS,
} from "./http-exchange.js";

const IDLE_MS = 30_000; // openLuup drops idle connections after 90 s; ours go earlier

const CONNECTION: UndiciClient.Options = {
  pipelining: 1,
  headersTimeout: 0, // HttpExchange limits the time of the whole exchange
  bodyTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
};

/** Kept connections to one HTTP server. A module of its own: who notifies loads it, and undici with it, for the first request. */
export class HttpConnections {
  readonly #context: RaceContext;
  readonly #origin: string;
  readonly #judge: JudgeAnswer;
  readonly #connection: UndiciClient.Options;
  readonly #pool: Pool;
  /** Connections made so far. */
  #connects = 0;
  #closed = false;

  /**
   * @param origin scheme, host and port of the server
   * @param connections at most
   */
  constructor(origin: string, connections: number, judge: JudgeAnswer, context: RaceContext) {
    this.#context = context;
    this.#origin = origin;
    this.#judge = judge;
    this.#connection = { ...CONNECTION, connect: httpConnector(TIMEOUT_MS, context) };
    this.#pool = new Pool(origin, { ...this.#connection, connections });
    this.#pool.on("connect", () => {
      this.#connects += 1;
    });
  }

  /**
   * Sends a request: over a kept connection, and if that turns out to be dead, once more over a fresh one.
   *
   * @param sent called when the request leaves
   */
  request(request: HttpRequest, sent: () => void, finished: (result: ExchangeResult) => void): void {
    const connects = this.#connects;
    this.#dispatch(this.#pool, request, {
      isConnectionKept: () => this.#connects === connects, // none was made since
      sent,
      finished: (result, isStale) => {
        if (!isStale || this.#closed) return finished(result);
        const fresh = new Client(this.#origin, this.#connection);
        this.#dispatch(fresh, request, {
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

  #dispatch(via: Dispatcher, request: HttpRequest, owner: HttpExchangeOwner): void {
    const { method, path, headers, body } = request;
    via.dispatch(
      { origin: this.#origin, path, method, headers, ...(body !== undefined && { body }) },
      new HttpExchange(this.#context.clock, this.#judge, owner),
    );
  }
}
