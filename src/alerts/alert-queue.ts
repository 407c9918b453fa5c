import { backoffMs } from "../core/limits/backoff.js";
import { type HttpEndpoint, parseHttpEndpoint } from "../core/net/http-endpoint.js";
import type { Alert, AlertsStatus } from "../core/status/alert.js";
import type { Log } from "../log/log.js";
import type { Names } from "../names/names.js";
import type { Clock, Timer } from "../system/clock.js";

const MAX_WAITING = 100; // alerts; with a webhook that is away for long, the newest matter
const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
const MAX_AGE_MS = 300_000; // an alert that fails at this age is given up

interface Waiting {
  readonly alert: Alert;
  readonly since: number;
}

const loadPostAlert = () => import("./post-alert.js");

/** Posts alerts to a URL, one after the other. Repeats each with backoff until it is accepted or too old. Callers never wait. */
export class AlertQueue {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #names: Pick<Names, "search">;
  readonly #load: typeof loadPostAlert;
  #url = "";
  #destination: HttpEndpoint | undefined;
  readonly #waiting: Waiting[] = [];
  /** The request in flight: that of the first alert. */
  #inFlight: AbortController | undefined;
  #retry: Timer | undefined;
  /** Failures in a row. */
  #failures = 0;
  #delivered = 0;
  #givenUp = 0;
  #dropped = 0;
  /** Set by {@link drain}: called when no alert waits, or the first one has failed. */
  #whenDrained: (() => void) | undefined;

  /** @param load loads the HTTP client */
  constructor(clock: Clock, log: Log, names: Pick<Names, "search">, load = loadPostAlert) {
    this.#load = load;
    this.#clock = clock;
    this.#log = log;
    this.#names = names;
  }

  get status(): AlertsStatus {
    return {
      waiting: this.#waiting.length,
      delivered: this.#delivered,
      givenUp: this.#givenUp,
      dropped: this.#dropped,
    };
  }

  /** @param url gets all alerts from now on, the waiting ones included; empty: alerts are dropped */
  configure(url: string): void {
    if (url === this.#url) return;
    this.#url = url;
    this.#destination = url === "" ? undefined : parseHttpEndpoint(url);
    this.#failures = 0;
    this.#inFlight?.abort();
    this.#retryNow();
  }

  /** Sends an alert when its turn comes. */
  send(alert: Alert): void {
    if (this.#destination === undefined) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.splice(this.#inFlight === undefined ? 0 : 1, 1); // the one in flight cannot be taken back
      this.#dropped += 1;
    }
    this.#waiting.push({ alert, since: this.#clock.now() });
    if (this.#retry === undefined) this.#next();
  }

  /** Tries waiting alerts at once, without a backoff. Resolves when all are accepted, or one is not. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenDrained = resolve;
      this.#retryNow();
    });
  }

  /** Drops all waiting alerts and sends nothing more. */
  close(): void {
    this.#waiting.length = 0;
    this.configure("");
  }

  #retryNow(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#destination === undefined) this.#waiting.length = 0;
    const [first] = this.#waiting;
    if (first === undefined || this.#destination === undefined) {
      this.#whenDrained?.();
      return;
    }
    if (this.#inFlight === undefined) void this.#deliver(first, this.#destination);
  }

  async #deliver(waiting: Waiting, destination: HttpEndpoint): Promise<void> {
    const abort = new AbortController();
    this.#inFlight = abort;
    const context = { clock: this.#clock, names: this.#names };
    const problem = await this.#load()
      .then(({ postAlert }) => postAlert(waiting.alert, destination, abort, context))
      .catch(({ message }: Error) => message); // files of the program are missing, as while a clone is built anew
    this.#inFlight = undefined;
    if (problem === undefined) this.#accepted(waiting);
    else if (this.#destination === destination) this.#failed(waiting, destination, problem);
    else this.#next(); // there is another URL by now
  }

  #accepted(waiting: Waiting): void {
    if (this.#failures > 0) this.#log.warn("alerts are accepted again");
    this.#failures = 0;
    this.#delivered += 1;
    if (this.#waiting[0] === waiting) this.#waiting.shift();
    this.#next();
  }

  #failed({ alert, since }: Waiting, { origin }: HttpEndpoint, problem: string): void {
    this.#failures += 1;
    if (this.#failures === 1) this.#log.warn(`${origin} does not accept alerts (${problem}); they are repeated`);
    if (this.#clock.now() - since >= MAX_AGE_MS) {
      this.#waiting.shift();
      this.#givenUp += 1;
      this.#log.warn(`alert given up, as ${origin} does not accept it (${problem}): ${alert.text}`);
    }
    if (this.#whenDrained !== undefined) {
      this.#whenDrained();
      return;
    }
    this.#retry = this.#clock.after(backoffMs(BACKOFF, this.#failures, Math.random()), () => this.#retryNow());
  }
}
