import { Client, type Dispatcher, Pool } from "undici";
import type { Clock } from "./clock.js";
import { connectorFor } from "./connector.js";
import { maskPassword } from "./core/config/values.js";
import { Histogram } from "./core/histogram.js";
import type { NotificationsStatus } from "./core/status.js";
import { type Answer, Exchange, TIMEOUT_MS } from "./exchange.js";
import type { Log } from "./log.js";

/** Who wants a request sent. */
export interface Requester {
  /** Path and query behind the Luup system's base URL. */
  readonly path: string;
  /** The device it is for, whose actions may hang. */
  readonly device: number;
  /** Whether it is a repetition of one that has failed. */
  readonly repeating: boolean;
  /** Whether it has nothing more to send. */
  readonly done: boolean;
  /** The request leaves now. */
  sent(): void;
  answered(answer: Answer): void;
  /** The engine answers again, after a time in which it did not. */
  engineReturned(): void;
}

const IDLE_MS = 30_000; // openLuup drops idle connections after 90 s; ours go earlier
const MAX_REQUESTS = 64; // at a time: the engine works one after the other, more only fills its queue
const MAX_REQUESTS_PER_DEVICE = 16; // one device that hangs leaves the rest to everybody else
const MAX_SECOND_REQUESTS = 32; // several that hang leave this many to devices that have no request under way
const USER_AGENT = "sockproxyd-1";

/** A request that waits for its turn, since a moment of the clock. */
interface Waiting {
  readonly requester: Requester;
  readonly since: number;
}

/** The Luup system's HTTP side: sends the requests of notifications, a bounded number at a time, fairly among actions. */
export class Luup {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #name: string;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #pool: Pool;
  readonly #waiting: Waiting[] = [];
  /** Those whose last request did not reach the engine, until they ask for another one. */
  readonly #failed = new Set<Requester>();
  readonly #inFlightByDevice = new Map<number, number>();
  #inFlight = 0;
  #sent = 0;
  #retried = 0;
  #failures = 0;
  readonly #delay = new Histogram();
  readonly #answer = new Histogram();
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
    this.#basePath = pathname.replace(/(?<!\/)\/+$/, "");
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
    this.#failed.delete(requester);
    this.#waiting.push({ requester, since: this.#clock.now() });
    this.#next();
  }

  /** What STAT tells of it. */
  get status(): NotificationsStatus {
    return {
      waiting: this.#waiting.length,
      inFlight: this.#inFlight,
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
    this.#waiting.length = 0;
    await this.#pool.destroy();
  }

  #next(): void {
    while (!this.#closed && this.#inFlight < MAX_REQUESTS) {
      const index = this.#waiting.findIndex(({ requester }) => this.#mayHaveAnother(requester.device));
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (next === undefined) return;
      const { requester } = next;
      let left: number | undefined;
      this.#count(requester.device, 1);
      if (requester.repeating) this.#retried += 1;
      const leaving = (): void => {
        left = this.#clock.now();
        this.#delay.add(left - next.since);
        this.#sent += 1;
        requester.sent();
      };
      this.#request(requester, leaving, (answer) => {
        this.#count(requester.device, -1);
        if (left !== undefined) this.#answer.add(this.#clock.now() - left);
        if (answer.outcome !== "delivered") this.#failures += 1;
        if (this.#closed) return;
        this.#noteReachable(answer);
        requester.answered(answer);
        if (unreached(answer) && !requester.done) this.#failed.add(requester);
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

  #dispatch(via: Dispatcher, path: string, leaving: () => void, onKept: () => boolean, done: Exchange["done"]): void {
    via.dispatch(
      { origin: this.#origin, path: this.#basePath + path, method: "GET", headers: this.#headers },
      new Exchange(this.#clock, leaving, onKept, done),
    );
  }

  /** Says once that the system does not answer, and once that it does again: not once per notification. */
  #noteReachable(answer: Answer): void {
    // a time-out or an error may be one action's: the connection it belongs to says so
    if (unreached(answer) !== this.#reachable || answer.outcome === "timed-out") return;
    this.#reachable = answer.answered;
    if (!this.#reachable) {
      const why = `does not take notifications (${answer.text}); they are repeated until it does`;
      this.#log.warn(`Luup at ${this.#name} ${why}`);
      return;
    }
    this.#log.warn(`Luup at ${this.#name} takes notifications again`);
    for (const requester of this.#failed) requester.engineReturned();
    this.#failed.clear();
  }
}

/** Whether a request has failed without an answer: refused, reset, no way there. */
function unreached({ outcome, answered }: Answer): boolean {
  return outcome === "failed" && !answered;
}

const CONNECTION: Client.Options = {
  pipelining: 1,
  connect: connectorFor(TIMEOUT_MS),
  headersTimeout: 0, // the request's own time limit covers the whole exchange
  bodyTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
};
