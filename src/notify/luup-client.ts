import { Client, type Dispatcher, Pool } from "undici";
import { maskPassword } from "../core/config/values.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { parseHttpEndpoint } from "../core/net/http-endpoint.js";
import { EngineHealth } from "../core/notify/engine-health.js";
import { FairRequestQueue } from "../core/notify/fair-request-queue.js";
import type { RequestsStatus } from "../core/status/daemon-status.js";
import { Histogram } from "../core/status/histogram.js";
import type { Log } from "../log/log.js";
import { httpConnector } from "../sockets/http-connector.js";
import type { Clock } from "../system/clock.js";
import { type Answer, LuupExchange, TIMEOUT_MS } from "./luup-exchange.js";

/** Who wants a request sent. */
export interface Requester {
  /** Path and query behind the Luup system's base URL. */
  readonly path: string;
  /** The device it is for, whose actions may hang. */
  readonly device: number;
  /** What tells the action it is for from others, all devices considered. */
  readonly action: string;
  /** Whether it is a repetition of one that has failed. */
  readonly isRetry: boolean;
  /** Whether it has nothing more to send. */
  readonly done: boolean;
  /** The request leaves now. */
  sent(): void;
  /** @param actionAtFault whether that it has failed is the fault of its action, not of the engine */
  answered(answer: Answer, actionAtFault: boolean): void;
  /** The engine answers again, after a time in which it did not. */
  engineReturned(): void;
}

const IDLE_MS = 30_000; // openLuup drops idle connections after 90 s; ours go earlier
const MAX_REQUESTS = 64; // at a time: the engine works one after the other, more only fills its queue
const USER_AGENT = "sockproxyd-1";

/** The Luup system's HTTP side: sends the requests of notifications, a bounded number at a time, fairly among actions. */
export class LuupClient {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #name: string;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #pool: Pool;
  readonly #requests = new FairRequestQueue<Requester>(MAX_REQUESTS);
  /** Since when each waits. */
  readonly #since = new WeakMap<Requester, number>();
  /** Those whose last request did not reach the engine, until they ask for another one. */
  readonly #failed = new Set<Requester>();
  readonly #health = new EngineHealth();
  readonly #said = new LogThrottle();
  #sent = 0;
  #retried = 0;
  #failures = 0;
  readonly #delay = new Histogram();
  readonly #answer = new Histogram();
  /** Connections made so far. */
  #connects = 0;
  #closed = false;

  /** @param url base URL of the system: http or https, perhaps with a path prefix and `user:password@` */
  constructor(url: string, clock: Clock, log: Log) {
    const { origin, path, authorization } = parseHttpEndpoint(url);
    this.#clock = clock;
    this.#log = log;
    this.#name = maskPassword(url);
    this.#origin = origin;
    this.#basePath = path.replace(/(?<!\/)\/+$/, "");
    this.#headers = {
      "user-agent": USER_AGENT,
      accept: "*/*",
      ...(authorization !== undefined && { authorization }),
    };
    this.#pool = new Pool(origin, { ...CONNECTION, connections: MAX_REQUESTS });
    this.#pool.on("connect", () => {
      this.#connects += 1;
    });
  }

  /** Sends a request when its turn comes; the requester is told of what happens. */
  send(requester: Requester): void {
    this.#failed.delete(requester);
    this.#since.set(requester, this.#clock.now());
    this.#requests.push(requester);
    this.#next();
  }

  /** A requester wants nothing more: what it waits for is not sent. */
  cancel(requester: Requester): void {
    this.#failed.delete(requester);
    this.#requests.delete(requester);
  }

  /** What STAT tells of it. */
  get status(): RequestsStatus {
    return {
      waiting: this.#requests.waiting,
      inFlight: this.#requests.inFlight,
      sent: this.#sent,
      retried: this.#retried,
      failed: this.#failures,
      delay: this.#delay.status,
      answer: this.#answer.status,
    };
  }

  /** Gives up all requests and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#requests.clear();
    await this.#pool.destroy();
  }

  #next(): void {
    while (!this.#closed) {
      const requester = this.#requests.startNext();
      if (requester === undefined) return;
      const due = this.#since.get(requester) ?? this.#clock.now();
      let left: number | undefined;
      if (requester.isRetry) this.#retried += 1;
      const leaving = (): void => {
        left = this.#clock.now();
        this.#delay.add(left - due);
        this.#sent += 1;
        requester.sent();
      };
      this.#request(requester, leaving, (answer) => {
        this.#requests.finished(requester);
        if (left !== undefined) this.#answer.add(this.#clock.now() - left);
        if (answer.outcome !== "delivered") this.#failures += 1;
        if (this.#closed) return;
        this.#ended(requester, answer, left === undefined);
        this.#next();
      });
    }
  }

  #ended(requester: Requester, answer: Answer, unsent: boolean): void {
    const { outcome, answered } = answer;
    const wasAway = this.#health.isAway;
    let atFault = outcome === "timed-out" || (answered && outcome !== "delivered");
    if (answered) this.#health.answered(requester.action, this.#clock.now());
    else if (outcome === "failed" && unsent) this.#health.unreachable(this.#clock.now());
    else if (outcome === "failed") {
      this.#health.aborted(requester.action, this.#clock.now());
      atFault = this.#health.isFaulty(requester.action);
    }
    if (this.#health.isAway !== wasAway) this.#tell(answer);
    requester.answered(answer, atFault);
    if (outcome === "failed" && !answered && !atFault && !requester.done) this.#failed.add(requester);
  }

  #request({ path }: Requester, leaving: () => void, done: (answer: Answer) => void): void {
    const connects = this.#connects;
    // with no connection made meanwhile, it leaves on one that was kept
    const onKept = (): boolean => this.#connects === connects;
    this.#dispatch(this.#pool, path, leaving, onKept, (answer, stale) => {
      if (!stale || this.#closed) return done(answer);
      const fresh = new Client(this.#origin, CONNECTION);
      this.#dispatch(
        fresh,
        path,
        leaving,
        () => false,
        (second) => {
          fresh.destroy().catch(() => {});
          done(second);
        },
      );
    });
  }

  #dispatch(
    via: Dispatcher,
    path: string,
    leaving: () => void,
    onKept: () => boolean,
    done: LuupExchange["done"],
  ): void {
    via.dispatch(
      { origin: this.#origin, path: this.#basePath + path, method: "GET", headers: this.#headers },
      new LuupExchange(this.#clock, leaving, onKept, done),
    );
  }

  /** The engine is away now, or back. Says so, if not too often, and wakes those it has failed. */
  #tell({ text }: Answer): void {
    const { isAway } = this.#health;
    const more = this.#said.mention(isAway ? "away" : "back", this.#clock.now());
    if (more !== undefined) {
      const why = `does not take notifications (${text}); they are repeated until it does`;
      this.#log.warn(`Luup at ${this.#name} ${isAway ? why : "takes notifications again"}${more}`);
    }
    if (isAway) return;
    for (const requester of this.#failed) requester.engineReturned();
    this.#failed.clear();
  }
}

const CONNECTION: Client.Options = {
  pipelining: 1,
  connect: httpConnector(TIMEOUT_MS),
  headersTimeout: 0, // the request's own time limit covers the whole exchange
  bodyTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
};
