import { Client } from "undici";
import { backoffMs } from "../core/limits/backoff.js";
import { type HttpEndpoint, parseHttpEndpoint } from "../core/net/http-endpoint.js";
import { printableJson } from "../core/parse/text.js";
import type { Alert, AlertsStatus } from "../core/status/alert.js";
import type { Log } from "../log/log.js";
import { httpConnector } from "../sockets/http-connector.js";
import type { Clock, Timer } from "../system/clock.js";

const MAX_WAITING = 100;
const TIMEOUT_MS = 5000;
const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
const GIVE_UP_MS = 300_000; // an alert that is older when nobody takes it is given up
const USER_AGENT = "sockproxyd-1";

interface Waiting {
  readonly alert: Alert;
  readonly since: number;
}

/** Posts alerts, one after the other, each until it is taken or too old. Whoever has one to send never waits for that. */
export class Webhook {
  readonly #clock: Clock;
  readonly #log: Log;
  #url = "";
  #destination: HttpEndpoint | undefined;
  readonly #waiting: Waiting[] = [];
  #underWay: AbortController | undefined;
  #retry: Timer | undefined;
  /** Failures in a row. */
  #failures = 0;
  #delivered = 0;
  #givenUp = 0;
  #dropped = 0;
  /** Told when nothing waits any more, or what waits cannot be delivered: the daemon stops then. */
  #whenDrained: (() => void) | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get status(): AlertsStatus {
    return {
      waiting: this.#waiting.length,
      delivered: this.#delivered,
      givenUp: this.#givenUp,
      dropped: this.#dropped,
    };
  }

  /** @param url where alerts go from now on, those that wait included; empty: nowhere */
  configure(url: string): void {
    if (url === this.#url) return;
    this.#url = url;
    this.#destination = url === "" ? undefined : parseHttpEndpoint(url);
    this.#failures = 0;
    this.#underWay?.abort();
    this.#goOn();
  }

  /** Sends an alert when its turn comes. */
  send(alert: Alert): void {
    if (this.#destination === undefined) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.splice(this.#underWay === undefined ? 0 : 1, 1); // one that has left cannot be taken back
      this.#dropped += 1;
    }
    this.#waiting.push({ alert, since: this.#clock.now() });
    if (this.#retry === undefined) this.#next();
  }

  /** Tries what waits once more, without a pause. Resolves when all of it was taken, or something was not. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenDrained = resolve;
      this.#goOn();
    });
  }

  /** Gives up what waits. */
  close(): void {
    this.#waiting.length = 0;
    this.configure("");
  }

  #goOn(): void {
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
    if (this.#underWay === undefined) void this.#deliver(first, this.#destination);
  }

  async #deliver(waiting: Waiting, destination: HttpEndpoint): Promise<void> {
    const underWay = new AbortController();
    this.#underWay = underWay;
    const problem = await this.#post(waiting.alert, destination, underWay);
    this.#underWay = undefined;
    if (problem === undefined) this.#taken(waiting);
    else if (this.#destination === destination) this.#refused(waiting, destination, problem);
    else this.#next(); // it goes to another place now
  }

  /** @returns what went wrong, or nothing */
  async #post(alert: Alert, destination: HttpEndpoint, underWay: AbortController): Promise<string | undefined> {
    const { origin, path, query, authorization } = destination;
    const client = new Client(origin, { connect: httpConnector(TIMEOUT_MS) });
    const limit = this.#clock.after(TIMEOUT_MS, () =>
      underWay.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
    );
    try {
      const { statusCode, body } = await client.request({
        method: "POST",
        path: path + query,
        headers: {
          "user-agent": USER_AGENT,
          "content-type": "application/json",
          ...(authorization !== undefined && { authorization }),
        },
        body: printableJson(alert),
        signal: underWay.signal,
      });
      body.on("error", () => {}); // what it says is not read
      return statusCode >= 200 && statusCode < 300 ? undefined : `HTTP status ${statusCode}`;
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      return message || (code ?? "unknown error");
    } finally {
      limit.cancel();
      client.destroy().catch(() => {});
    }
  }

  #taken(waiting: Waiting): void {
    if (this.#failures > 0) this.#log.warn("alerts are taken again");
    this.#failures = 0;
    this.#delivered += 1;
    if (this.#waiting[0] === waiting) this.#waiting.shift();
    this.#next();
  }

  #refused({ alert, since }: Waiting, { origin }: HttpEndpoint, problem: string): void {
    this.#failures += 1;
    if (this.#failures === 1) this.#log.warn(`${origin} does not take alerts (${problem}); they are repeated`);
    if (this.#clock.now() - since >= GIVE_UP_MS) {
      this.#waiting.shift();
      this.#givenUp += 1;
      this.#log.warn(`alert given up, as ${origin} does not take it (${problem}): ${alert.text}`);
    }
    if (this.#whenDrained !== undefined) {
      this.#whenDrained();
      return;
    }
    this.#retry = this.#clock.after(backoffMs(BACKOFF, this.#failures, Math.random()), () => this.#goOn());
  }
}
