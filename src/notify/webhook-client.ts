import { Queue } from "../core/collections/queue.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { Histogram } from "../core/status/histogram.js";
import { judgeWebhook } from "../core/webhook/judge-webhook.js";
import { WebhookRequests } from "../core/webhook/webhook-request.js";
import type { WebhookSettings } from "../core/webhook/webhook-settings.js";
import type { WebhookStatus } from "../core/webhook/webhook-status.js";
import type { Log } from "../log/log.js";
import { epochMsOf } from "../log/times.js";
import type { RaceContext } from "../sockets/host-race.js";
import type { Timer } from "../system/clock.js";
import { HttpConnections } from "./http-connections.js";
import type { AnswerHeaders, ExchangeResult } from "./http-exchange.js";
import type { Delivery, DeliveryResult } from "./notification-way.js";

/** Requests in flight: as many as an engine of home automation works on at a time. */
const MAX_REQUESTS = 8;

const GONE: DeliveryResult = {
  outcome: "rejected",
  wasSent: false,
  text: "the configuration has this webhook no longer",
};

/** Sends events to one webhook: a bounded number at a time, over kept connections. */
export class WebhookClient {
  readonly name: string;
  readonly #log: Log;
  readonly #context: RaceContext;
  #settings: WebhookSettings;
  #requests: WebhookRequests;
  /** Undefined: the configuration has the webhook no longer. */
  #connections: HttpConnections | undefined;
  /** Deliveries that wait for their turn, and when each was put there, by the clock. */
  readonly #waiting = new Queue<Delivery>();
  readonly #queuedAt = new WeakMap<Delivery, number>();
  #inFlight = 0;
  /** Deliveries whose last attempt has failed, until they are sent again, and whether that had an answer. */
  readonly #repeating = new Map<Delivery, "answered" | "unanswered">();
  /** Since when none has been taken, and why. */
  #failing: { readonly since: number; readonly why: string } | undefined;
  /** Runs while the webhook wants to be left alone (`Retry-After`). */
  #pause: Timer | undefined;
  readonly #throttle = new LogThrottle();
  #sent = 0;
  #retried = 0;
  #failed = 0;
  readonly #delays = new Histogram();
  readonly #answerTimes = new Histogram();

  constructor(settings: WebhookSettings, log: Log, context: RaceContext) {
    this.name = settings.name;
    this.#settings = settings;
    this.#log = log;
    this.#context = context;
    this.#requests = requestsOf(settings);
    this.#connections = this.#connect();
  }

  get status(): WebhookStatus {
    const now = this.#context.clock.now();
    return {
      name: this.name,
      origin: this.#requests.origin,
      waiting: this.#waiting.size + this.#repeating.size,
      repeating: this.#repeating.size,
      inFlight: this.#inFlight,
      sent: this.#sent,
      retried: this.#retried,
      failed: this.#failed,
      delay: this.#delays.status,
      answer: this.#answerTimes.status,
      ...(this.#failing && { failingMs: Math.round(now - this.#failing.since), why: this.#failing.why }),
    };
  }

  /** What is asked of it, as people may see it. */
  get request(): string {
    return `${this.#settings.method} to ${this.#requests.origin} of webhook ${this.name}`;
  }

  /** Obeys these settings from now on; what waits obeys them, too. */
  configure(settings: WebhookSettings): void {
    if (this.#connections !== undefined && JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    const former = this.#connections;
    this.#settings = settings;
    this.#requests = requestsOf(settings);
    this.#connections = this.#connect();
    this.#failing = undefined;
    void former?.close(); // its requests fail at once: no fault of the new one
    this.#goOn();
  }

  /** Sends a delivery when its turn comes. */
  send(delivery: Delivery): void {
    this.#repeating.delete(delivery);
    this.#queuedAt.set(delivery, this.#context.clock.now());
    this.#waiting.push(delivery);
    this.#start();
  }

  /** Drops a delivery that still waits. */
  cancel(delivery: Delivery): void {
    this.#repeating.delete(delivery);
    this.#waiting.delete(delivery);
  }

  /** Drops everything; what waits is given up. */
  async close(): Promise<void> {
    const connections = this.#connections;
    this.#connections = undefined;
    this.#goOn();
    await connections?.close();
  }

  #connect(): HttpConnections {
    const judge = (status: number, _body: string, headers: AnswerHeaders): ReturnType<typeof judgeWebhook> => {
      const retryAfter = headers["retry-after"];
      return judgeWebhook(
        status,
        typeof retryAfter === "string" ? retryAfter : undefined,
        (date) => epochMsOf(date) - this.#context.clock.epochMs(),
      );
    };
    return new HttpConnections(this.#requests.origin, MAX_REQUESTS, judge, this.#context);
  }

  /** Starts what waits, and has repeated what has had no answer. */
  #goOn(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    for (const [delivery, end] of this.#repeating) if (end === "unanswered") delivery.wayReturned();
    this.#start();
  }

  #start(): void {
    while (this.#inFlight < MAX_REQUESTS && this.#pause === undefined) {
      const delivery = this.#waiting.take();
      if (delivery === undefined) return;
      this.#begin(delivery);
    }
  }

  #begin(delivery: Delivery): void {
    const { clock } = this.#context;
    const event = this.#connections && delivery.event;
    if (this.#connections === undefined || event === undefined) {
      delivery.answered(GONE, false);
      return;
    }
    const connections = this.#connections;
    const queuedAt = this.#queuedAt.get(delivery) ?? clock.now();
    let sentAt: number | undefined;
    this.#inFlight += 1;
    if (delivery.isRetry) this.#retried += 1;
    delivery.sent();
    const sent = (): void => {
      sentAt = clock.now();
      this.#delays.add(sentAt - queuedAt);
      this.#sent += 1;
    };
    connections.request(this.#requests.requestFor(event), sent, (result) => {
      if (sentAt !== undefined) this.#answerTimes.add(clock.now() - sentAt);
      this.#inFlight -= 1;
      this.#ended(delivery, result, connections === this.#connections);
      this.#start();
    });
  }

  /** @param isPresent whether the webhook still is what it was when the request began */
  #ended(delivery: Delivery, result: ExchangeResult, isPresent: boolean): void {
    const { outcome, text, retryAfterMs, hasResponse } = result;
    const wasFailing = this.#failing !== undefined;
    if (isPresent) this.#judge(outcome === "delivered" ? undefined : text);
    if (outcome !== "delivered") this.#failed += 1;
    if (isPresent && retryAfterMs !== undefined) this.#rest(retryAfterMs);
    delivery.answered(result, false);
    const isRepeated = outcome === "failed" || outcome === "timed-out";
    if (isRepeated && !delivery.done) this.#repeating.set(delivery, hasResponse ? "answered" : "unanswered");
    if (wasFailing && this.#failing === undefined) this.#goOn();
  }

  #rest(ms: number): void {
    this.#pause?.cancel();
    this.#pause = this.#context.clock.after(ms, () => this.#goOn());
  }

  /** Tells the log when the webhook fails, for another reason than before, and when it works again. */
  #judge(why: string | undefined): void {
    const { clock } = this.#context;
    const before = this.#failing;
    if (why === before?.why) return;
    this.#failing = why === undefined ? undefined : { since: before?.since ?? clock.now(), why };
    const more = this.#throttle.mention(why ?? "back", clock.now());
    if (more === undefined) return;
    const name = `webhook ${this.name} at ${this.#requests.origin}`;
    const news = why === undefined ? "takes events again" : `does not take events (${why})`;
    this.#log.warn(`${name} ${news}${more}`);
  }
}

/** @throws when the settings have a mistake: whoever has read them has told that already */
function requestsOf(settings: WebhookSettings): WebhookRequests {
  const requests = WebhookRequests.of(settings);
  if (!requests.ok) throw new Error(requests.message);
  return requests.value;
}
