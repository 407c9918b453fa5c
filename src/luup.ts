import { Client, type Dispatcher, Pool } from "undici";
import type { Clock, Timer } from "./clock.js";
import { maskPassword } from "./core/config/values.js";
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
  /** The device it is for, whose actions may hang. */
  readonly device: number;
  /** The request leaves now. */
  sent(): void;
  answered(answer: Answer): void;
}

const TIMEOUT_MS = 5000;
const IDLE_MS = 30_000; // openLuup drops idle connections after 90 s; ours go earlier
const MAX_REQUESTS = 64; // at a time: the engine works one after the other, more only fills its queue
const MAX_REQUESTS_PER_DEVICE = 16; // one device that hangs leaves the rest to everybody else
const MAX_SECOND_REQUESTS = 32; // several that hang leave this many to devices that have no request under way
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
  readonly #inFlightByDevice = new Map<number, number>();
  #inFlight = 0;
  /** Connections made so far. */
  #connects = 0;
  #reachable = true;
  #closed = false;

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
    this.#pool.on("connect", () => {
      this.#connects += 1;
    });
  }

  /** Sends a request when its turn comes; the requester is told of what happens. */
  send(requester: Requester): void {
    this.#waiting.push(requester);
    this.#next();
  }

  /** Gives up all requests and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    await this.#pool.destroy();
  }

  #next(): void {
    while (!this.#closed && this.#inFlight < MAX_REQUESTS) {
      const index = this.#waiting.findIndex(({ device }) => this.#mayHaveAnother(device));
      const [requester] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (requester === undefined) return;
      this.#count(requester.device, 1);
      this.#request(requester, (answer) => {
        this.#count(requester.device, -1);
        if (this.#closed) return;
        this.#noteReachable(answer);
        requester.answered(answer);
        this.#next();
      });
    }
  }

  #mayHaveAnother(device: number): boolean {
    const own = this.#inFlightByDevice.get(device) ?? 0;
    return own === 0 || (own < MAX_REQUESTS_PER_DEVICE && this.#inFlight < MAX_SECOND_REQUESTS);
  }

  #count(device: number, change: 1 | -1): void {
    const count = (this.#inFlightByDevice.get(device) ?? 0) + change;
    if (count === 0) this.#inFlightByDevice.delete(device);
    else this.#inFlightByDevice.set(device, count);
    this.#inFlight += change;
  }

  #request(requester: Requester, done: (answer: Answer) => void): void {
    const connects = this.#connects;
    // with no connection made meanwhile, it leaves on one that was kept
    const onKept = (): boolean => this.#connects === connects;
    this.#dispatch(this.#pool, requester, onKept, (answer, stale) => {
      if (!stale || this.#closed) return done(answer);
      const fresh = new Client(this.#origin, CONNECTION);
      this.#dispatch(
        fresh,
        requester,
        () => false,
        (second) => {
          fresh.destroy().catch(() => {});
          done(second);
        },
      );
    });
  }

  #dispatch(via: Dispatcher, requester: Requester, onKept: () => boolean, done: Exchange["done"]): void {
    via.dispatch(
      { origin: this.#origin, path: this.#basePath + requester.path, method: "GET", headers: this.#headers },
      new Exchange(this.#clock, requester, onKept, done),
    );
  }

  /** Says once that the system does not answer, and once that it does again: not once per notification. */
  #noteReachable({ outcome, text }: Answer): void {
    const reachable = outcome !== "failed";
    // a time-out may be one action that hangs: the connection it belongs to says so
    if (reachable === this.#reachable || outcome === "timed-out") return;
    this.#reachable = reachable;
    if (reachable) this.#log.warn(`Luup at ${this.#name} takes notifications again`);
    else this.#log.warn(`Luup at ${this.#name} does not take notifications (${text}); they are repeated until it does`);
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
class Exchange implements Dispatcher.DispatchHandler {
  readonly #requester: Requester;
  /** Told how it ended, and whether that is the fault of a kept connection that was dead. */
  readonly done: (answer: Answer, stale: boolean) => void;
  readonly #onKept: () => boolean;
  readonly #timer: Timer;
  #controller: Dispatcher.DispatchController | undefined;
  #kept = false;
  #ended = false;
  #status = 0;
  #bodyStart = Buffer.alloc(0);
  #bodyBytes = 0;

  /** @param onKept tells, when the request leaves, whether it does so on a connection kept from an earlier one */
  constructor(clock: Clock, requester: Requester, onKept: () => boolean, done: Exchange["done"]) {
    this.#requester = requester;
    this.#onKept = onKept;
    this.done = done;
    this.#timer = clock.after(TIMEOUT_MS, () => {
      this.#end({ outcome: "timed-out", text: `no answer within ${TIMEOUT_MS / 1000} s` });
      this.#controller?.abort(new Error("timed out"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#kept = this.#onKept();
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
    const stale = this.#kept && this.#status === 0 && STALE.has(error.code ?? "");
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
    this.done(answer, stale);
  }
}
