import { maskPassword } from "../core/config/values.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { parseHttpEndpoint, USER_AGENT, withoutEndSlashes } from "../core/net/http-endpoint.js";
import { EngineHealth } from "../core/notify/engine-health.js";
import { FailedRequests } from "../core/notify/failed-requests.js";
import { FairRequestQueue } from "../core/notify/fair-request-queue.js";
import { judgeAnswer } from "../core/notify/notification.js";
import type { NotificationTroubles } from "../core/status/daemon-status.js";
import { Histogram } from "../core/status/histogram.js";
import type { RequestsStatus } from "../core/status/requests-status.js";
import type { Log } from "../log/log.js";
import type { Names } from "../names/names.js";
import type { RaceContext } from "../sockets/host-race.js";
import type { Clock } from "../system/clock.js";
import type { HttpConnections } from "./http-connections.js";
import type { ExchangeResult } from "./http-exchange.js";
import type { Delivery } from "./notification-way.js";

/** A source of requests, one at a time: each is a delivery. An action is what is named: its failure is not the fault of the engine. */
export interface Requester extends Omit<Delivery, "event"> {
  /** Path and query of the request, behind the base URL of the Luup engine. */
  readonly path: string;
  /** The device of the request. Its actions may hang, so devices take turns. */
  readonly device: number;
  /** Identifies the action among those of all devices. */
  readonly action: string;
}

const MAX_REQUESTS = 64; // in flight: the engine works on one after the other, more would only fill its queue

/** The HTTP client, by far the largest package of the daemon: it is loaded for the first connection that notifies. */
type Engine =
  | { readonly kind: "unused" | "loading" | "closed" }
  | { readonly kind: "ready"; readonly connections: HttpConnections };

const loadConnections = () => import("./http-connections.js");

/** Sends notifications to one Luup engine by HTTP: a bounded number at a time, with fair turns of devices, over kept connections. */
export class LuupClient {
  readonly #clock: Clock;
  readonly #log: Log;
  /** The URL for the log, without the password. */
  readonly #name: string;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connect: () => Promise<HttpConnections>;
  /** Requests wait until it is "ready". */
  #engine: Engine = { kind: "unused" };
  readonly #queue = new FairRequestQueue<Requester>(MAX_REQUESTS);
  /** When each request was queued, by the clock. */
  readonly #queuedAt = new WeakMap<Requester, number>();
  /** Requesters whose last request did not reach the engine, until they send another one. */
  readonly #unreached = new Set<Requester>();
  readonly #failed = new FailedRequests<Requester>();
  /** Since when the engine has taken no request, though some wait; undefined: none waits. */
  #untakenSince: number | undefined;
  /** Since when the engine is away, and why. */
  #away: { readonly since: number; readonly why: string } | undefined;
  readonly #health = new EngineHealth();
  readonly #throttle = new LogThrottle();
  #sent = 0;
  #retried = 0;
  #failures = 0;
  readonly #delays = new Histogram();
  readonly #answerTimes = new Histogram();

  /**
   * @param url base URL of the Luup engine: http or https, perhaps with a path prefix and `user:password@`
   * @param load loads the HTTP client
   * @param dialing called with each socket that is about to connect
   */
  constructor(
    url: string,
    clock: Clock,
    log: Log,
    names: Pick<Names, "search">,
    load = loadConnections,
    dialing?: RaceContext["dialing"],
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#name = maskPassword(url);
    const { origin, path, authorization } = parseHttpEndpoint(url);
    this.#basePath = withoutEndSlashes(path);
    this.#headers = {
      "user-agent": USER_AGENT,
      accept: "*/*",
      ...(authorization !== undefined && { authorization }),
    };
    this.#connect = async () => {
      const { HttpConnections } = await load();
      return new HttpConnections(origin, MAX_REQUESTS, judgeLuup, { clock, names, dialing });
    };
  }

  /** Loads the HTTP client, if that has not been done yet: a connection is there that will notify. */
  prepare(): void {
    if (this.#engine.kind === "unused") void this.#load();
  }

  /** Sends one request of a requester when its turn comes. */
  send(requester: Requester): void {
    const now = this.#clock.now();
    this.#unreached.delete(requester);
    this.#failed.sentAgain(requester);
    this.#untakenSince ??= now;
    this.#queuedAt.set(requester, now);
    this.#queue.push(requester);
    this.#startRequests();
  }

  /** Drops the request of a requester that still waits for its turn. */
  cancel(requester: Requester): void {
    this.#unreached.delete(requester);
    this.#failed.forget(requester);
    this.#queue.delete(requester);
    if (this.#isIdle) this.#untakenSince = undefined;
  }

  urlOf(path: string): string {
    return `${withoutEndSlashes(this.#name)}${path}`;
  }

  get status(): RequestsStatus & NotificationTroubles {
    const now = this.#clock.now();
    return {
      waiting: this.#queue.waiting + this.#failed.repeated,
      repeating: this.#failed.repeated,
      inFlight: this.#queue.inFlight,
      sent: this.#sent,
      retried: this.#retried,
      failed: this.#failures,
      delay: this.#delays.status,
      answer: this.#answerTimes.status,
      failing: this.#failed.actions(now),
      ...(this.#untakenSince !== undefined && { untakenMs: Math.round(now - this.#untakenSince) }),
      ...(this.#away && { away: { ms: Math.round(now - this.#away.since), why: this.#away.why } }),
    };
  }

  /** Whether no request waits, or is under way. */
  get #isIdle(): boolean {
    return this.#queue.waiting + this.#queue.inFlight + this.#failed.repeated === 0;
  }

  /** Drops all requests and connections; requesters are told nothing more. */
  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = { kind: "closed" };
    this.#queue.clear();
    if (engine.kind === "ready") await engine.connections.close();
  }

  async #load(): Promise<void> {
    this.#engine = { kind: "loading" };
    const connections = await this.#connect().catch((error: Error) => this.#notLoaded(error));
    if (connections === undefined || this.#isClosed) return;
    this.#engine = { kind: "ready", connections };
    this.#startRequests();
  }

  /** Files of the program are missing, as while a clone is built anew. Each request fails, and the next one loads again. */
  #notLoaded({ message }: Error): void {
    if (this.#isClosed) return;
    this.#engine = { kind: "unused" };
    const text = `the HTTP client cannot be loaded: ${message}`;
    for (;;) {
      const requester = this.#queue.startNext();
      if (requester === undefined) return;
      this.#ended(requester, { outcome: "failed", hasResponse: false, wasSent: false, text });
    }
  }

  get #isClosed(): boolean {
    return this.#engine.kind === "closed";
  }

  #startRequests(): void {
    this.prepare();
    while (this.#engine.kind === "ready") {
      const requester = this.#queue.startNext();
      if (requester === undefined) return;
      this.#start(requester, this.#engine.connections);
    }
  }

  #start(requester: Requester, connections: HttpConnections): void {
    const queuedAt = this.#queuedAt.get(requester) ?? this.#clock.now();
    let sentAt: number | undefined;
    if (requester.isRetry) this.#retried += 1;
    const sent = (): void => {
      sentAt = this.#clock.now();
      this.#delays.add(sentAt - queuedAt);
      this.#sent += 1;
      requester.sent();
    };
    const request = { method: "GET", path: this.#basePath + requester.path, headers: this.#headers };
    connections.request(request, sent, (result) => {
      if (sentAt !== undefined) this.#answerTimes.add(this.#clock.now() - sentAt);
      this.#ended(requester, result);
      this.#startRequests();
    });
  }

  #ended(requester: Requester, result: ExchangeResult): void {
    this.#queue.finished(requester);
    if (result.outcome !== "delivered") this.#failures += 1;
    if (!this.#isClosed) this.#finished(requester, result);
  }

  #finished(requester: Requester, result: ExchangeResult): void {
    const { outcome, hasResponse } = result;
    const wasAway = this.#health.isAway;
    const isActionFault = this.#judge(requester, result);
    if (this.#health.isAway !== wasAway) this.#healthChanged(result);
    requester.answered(result, isActionFault);
    this.#record(requester, result, isActionFault);
    if (outcome === "failed" && !hasResponse && !isActionFault && !requester.done) this.#unreached.add(requester);
  }

  /** Remembers a failure until a request of the same source is taken. One that is refused is not repeated. */
  #record(requester: Requester, { outcome, text: why }: ExchangeResult, isActionFault: boolean): void {
    const now = this.#clock.now();
    const isRepeated = outcome !== "rejected";
    if (outcome === "delivered" || requester.done) this.#failed.forget(requester);
    else this.#failed.failed(requester, { why, isActionFault, isRepeated }, now);
    if (outcome === "delivered") this.#untakenSince = now;
    if (this.#isIdle) this.#untakenSince = undefined;
  }

  /** Takes a result into the engine's health. Returns whether a failure is the fault of the action. */
  #judge({ action }: Requester, { outcome, hasResponse, wasSent }: ExchangeResult): boolean {
    const now = this.#clock.now();
    if (hasResponse) {
      this.#health.answered(action, now);
      return outcome !== "delivered";
    }
    if (outcome === "timed-out") return true;
    if (!wasSent) {
      this.#health.unreachable(now);
      return false;
    }
    this.#health.aborted(action, now);
    return this.#health.isFaulty(action);
  }

  /** The engine is away now, or back. Tells the log, if not too often, and wakes requesters that it has failed. */
  #healthChanged({ text }: ExchangeResult): void {
    const { isAway } = this.#health;
    this.#away = isAway ? { since: this.#clock.now(), why: text } : undefined;
    const more = this.#throttle.mention(isAway ? "away" : "back", this.#clock.now());
    if (more !== undefined) {
      const away = `does not take notifications (${text}); they are repeated until it does`;
      this.#log.warn(`Luup at ${this.#name} ${isAway ? away : "takes notifications again"}${more}`);
    }
    if (isAway) return;
    for (const requester of this.#unreached) requester.wayReturned();
    this.#unreached.clear();
  }
}

const OUTCOMES = { delivered: "delivered", rejected: "rejected", unavailable: "failed" } as const;

/** Judges an answer of the engine: see {@link judgeAnswer}. */
export function judgeLuup(status: number, bodyStart: string): Omit<ExchangeResult, "hasResponse" | "wasSent"> {
  const verdict = judgeAnswer(status, bodyStart);
  return { outcome: OUTCOMES[verdict.kind], text: verdict.kind === "delivered" ? "delivered" : verdict.answer };
}
