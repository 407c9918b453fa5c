import { Client, type Dispatcher, Pool } from "undici";
import type { Clock, Timer } from "./clock.js";
import { maskPassword } from "./core/config/settings.js";
import { judgeAnswer } from "./core/notification.js";
import type { Outcome } from "./core/pacer.js";
import type { Log } from "./log.js";

/** How a request ended, and what to say of it. */
export interface Answer {
  readonly outcome: Outcome;
  readonly text: string;
}

/** Who wants a request sent. */
export interface Requester {
  /** Path and query behind the Luup system's base URL. */
  readonly path: string;
  /** Requests with the same key wait for the same action, which may hang. */
  readonly key: string;
  /** The request leaves now. */
  sent(): void;
  answered(answer: Answer): void;
}

const TIMEOUT_MS = 5000;
const IDLE_MS = 30_000; // openLuup drops idle connections after 90 s; ours go earlier
const MAX_REQUESTS = 64; // at a time: the engine works one after the other, more only fills its queue
const MAX_REQUESTS_PER_ACTION = 32; // one action that hangs leaves the other half to everybody else
const MAX_BODY_START = 256;
const MAX_BODY = 1_048_576; // an action's answer is some hundred bytes; no engine may keep us reading for ever
const USER_AGENT = "sockproxyd-1";

/** Socket errors that a kept connection shows when the engine has dropped it meanwhile. */
const STALE = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** The Luup system's HTTP side: sends the requests of notifications, a bounded number at a time, fairly among actions. */
export class Luup {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #name: string;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #pool: Pool;
  readonly #waiting: Requester[] = [];
  readonly #inFlightByKey = new Map<string, number>();
  #inFlight = 0;
  #reachable = true;

  /** @param url base URL of the system: http or https, perhaps with a path prefix and `user:password@` */
  constructor(url: string, clock: Clock, log: Log) {
    const { origin, pathname, username, password } = new URL(url);
    this.#clock = clock;
    this.#log = log;
    this.#name = maskPassword(url);
    this.#origin = origin;
    this.#basePath = pathname.replace(/\/+$/, "");
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers = {
      "user-agent": USER_AGENT,
      accept: "*/*",
      ...(username !== "" && { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }),
    };
    this.#pool = new Pool(origin, { ...CONNECTION, connections: MAX_REQUESTS });
  }

  /** Sends a request when its turn comes; the requester is told of what happens. */
  send(requester: Requester): void {
    this.#waiting.push(requester);
    this.#next();
  }

  /** Gives up all requests and connections. */
  async close(): Promise<void> {
    this.#waiting.length = 0;
    await this.#pool.destroy();
  }

  #next(): void {
    while (this.#inFlight < MAX_REQUESTS) {
      const index = this.#waiting.findIndex(({ key }) => (this.#inFlightByKey.get(key) ?? 0) < MAX_REQUESTS_PER_ACTION);
      const [requester] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (requester === undefined) return;
      this.#count(requester.key, 1);
      this.#request(requester, this.#pool, true, (answer) => {
        this.#count(requester.key, -1);
        this.#noteReachable(answer);
        requester.answered(answer);
        this.#next();
      });
    }
  }

  #count(key: string, change: 1 | -1): void {
    const count = (this.#inFlightByKey.get(key) ?? 0) + change;
    if (count === 0) this.#inFlightByKey.delete(key);
    else this.#inFlightByKey.set(key, count);
    this.#inFlight += change;
  }

  #request(requester: Requester, via: Dispatcher, mayRepeat: boolean, done: (answer: Answer) => void): void {
    const request = new Request(this.#clock, requester, (answer, stale) => {
      if (!stale || !mayRepeat) return done(answer);
      const fresh = new Client(this.#origin, CONNECTION);
      this.#request(requester, fresh, false, (second) => {
        fresh.destroy().catch(() => {});
        done(second);
      });
    });
    via.dispatch(
      { origin: this.#origin, path: this.#basePath + requester.path, method: "GET", headers: this.#headers },
      request,
    );
  }

  /** Says once that the system does not answer, and once that it does again: not once per notification. */
  #noteReachable({ outcome, text }: Answer): void {
    const reachable = outcome !== "failed" && outcome !== "timed-out";
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    if (reachable) this.#log.warn(`Luup at ${this.#name} answers again`);
    else this.#log.warn(`Luup at ${this.#name} does not answer (${text}); notifications are repeated until it does`);
  }
}

const CONNECTION: Client.Options = {
  pipelining: 1,
  connectTimeout: TIMEOUT_MS,
  headersTimeout: 0, // the request's own time limit covers the whole exchange
  bodyTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
};

/** One HTTP exchange: reads the answer to its end and judges it, within the time limit. */
class Request implements Dispatcher.DispatchHandler {
  readonly #requester: Requester;
  readonly #done: (answer: Answer, stale: boolean) => void;
  readonly #timer: Timer;
  #controller: Dispatcher.DispatchController | undefined;
  #ended = false;
  #status = 0;
  #bodyStart = Buffer.alloc(0);
  #bodyBytes = 0;

  constructor(clock: Clock, requester: Requester, done: (answer: Answer, stale: boolean) => void) {
    this.#requester = requester;
    this.#done = done;
    this.#timer = clock.after(TIMEOUT_MS, () => {
      this.#end({ outcome: "timed-out", text: `no answer within ${TIMEOUT_MS / 1000} s` });
      this.#controller?.abort(new Error("timed out"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error("given up"));
    else this.#requester.sent();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const missing = MAX_BODY_START - this.#bodyStart.length;
    if (missing > 0) this.#bodyStart = Buffer.concat([this.#bodyStart, chunk.subarray(0, missing)]);
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= MAX_BODY) return;
    this.#judge();
    controller.abort(new Error("answer too long"));
  }

  onResponseEnd(): void {
    this.#judge();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: NodeJS.ErrnoException): void {
    const stale = this.#status === 0 && STALE.has(error.code ?? "");
    this.#end({ outcome: "failed", text: error.message || (error.code ?? "unknown error") }, stale);
  }

  #judge(): void {
    const verdict = judgeAnswer(this.#status, this.#bodyStart.toString("utf8"));
    if (verdict.kind === "delivered") this.#end({ outcome: "delivered", text: "delivered" });
    else this.#end({ outcome: verdict.kind === "rejected" ? "rejected" : "failed", text: verdict.answer });
  }

  #end(answer: Answer, stale = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.cancel();
    this.#done(answer, stale);
  }
}
