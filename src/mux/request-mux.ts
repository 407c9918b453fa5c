import type { MuxLine } from "../core/config/settings.js";
import type { HttpHead } from "../core/framing/framing.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import type { LinkStatus, MuxStatus } from "../core/mux/mux-status.js";
import type { Protocol } from "../core/mux/protocol.js";
import { pollRequest } from "../core/mux/publish/poll-request.js";
import type { RegisterRange } from "../core/mux/register-ranges.js";
import type { RequestBody } from "../core/mux/request-body.js";
import { withBody } from "../core/mux/streamed-request.js";
import { Announcements } from "./announcements.js";
import { AnswerDelivery } from "./answer-delivery.js";
import { BaseMux, type ClientEvents } from "./base-mux.js";
import type { DeviceConnection } from "./device-connection.js";
import type { DeviceConnectionEvents } from "./device-connection-events.js";
import { DevicePipelines } from "./device-pipelines.js";
import { FairScheduler } from "./fair-scheduler.js";
import type { MuxClient } from "./mux-client.js";
import type { MuxContext } from "./mux-context.js";
import type { ClientRequest, PendingRequest } from "./pending-request.js";
import { ReadCoalescer } from "./read-coalescer.js";
import { WriteGuard } from "./write-guard.js";

/** Sees an answer of the device, and the request that it is for. */
export type AnswerObserver = (pending: PendingRequest, answer: Buffer) => void;

/**
 * Several clients send requests to one device. Each request goes out whole, clients take turns, and the answer returns to the client
 * that asked (docs/mux.md).
 */
export class RequestMux extends BaseMux {
  readonly #announcements = new Announcements(this.rounds, this.clients);
  readonly #scheduler: FairScheduler;
  readonly #pipelines: DevicePipelines;
  readonly #guard = new WriteGuard({ clock: this.context.clock, log: this.log, options: () => this.route.mux });
  #coalescer = new ReadCoalescer(() => this.route.mux);
  readonly #delivery: AnswerDelivery;
  /** Sees the answers of the device. The bytes are lent. */
  #observer: AnswerObserver | undefined;
  /** Called when no answer is outstanding. */
  #drained: (() => void) | undefined;

  constructor(line: MuxLine, context: MuxContext) {
    super(line, context);
    const { clock } = context;
    this.#pipelines = new DevicePipelines({
      clock,
      pool: this.pool,
      log: this.log,
      options: () => this.route.mux,
      isNeeded: () => this.clients.size > 0,
      isAwaited: () => this.waiting > 0,
      ready: () => this.#dispatch(),
      requests: {
        answer: (pending, cut, source) => {
          this.#delivery.answer(pending, cut, source);
          this.#observer?.(pending, cut.bytes);
        },
        completed: (pending, byEof) => this.#delivery.completed(pending, byEof),
        failed: (pending, why) => this.#delivery.failed(pending, why),
        withdrawn: (pending, reason) => this.#delivery.withdrawn(pending, reason),
        event: (message) => this.#event(message),
        unsolicited: (text) => this.#unsolicited(text),
      },
    });
    this.#scheduler = new FairScheduler({
      clock,
      options: () => this.route.mux,
      hasRoom: () => this.#pipelines.hasRoom,
      roomFor: (request) =>
        this.#coalescer.ms > 0 && this.#coalescer.canAnswer(request, clock.now())
          ? "room"
          : this.#pipelines.roomFor(request),
      lostMs: () => this.#pipelines.units.lostMs,
      excusedMs: (clientRequest) => this.#pipelines.excusedMs(clientRequest),
      keyOf: (request) => this.#coalescer.keyOf(request),
      isCoalescing: () => this.#coalescer.ms > 0,
      start: (clientRequest, pending) => this.#start(clientRequest, pending),
      needsConnection: () => void (this.#pipelines.isPausing || this.pool.open()),
      settled: (clientRequest, outcome) => this.statistics.settled(clientRequest, outcome),
      queueFull: (client) => this.statistics.ended(client, "queueFull"),
    });
    this.#delivery = new AnswerDelivery({
      clock,
      protocol: () => this.#protocol,
      scheduler: this.#scheduler,
      coalescer: () => this.#coalescer,
      statistics: this.statistics,
      rounds: this.rounds,
      announcements: this.#announcements,
      repeated: (count) => this.count("repeated", count),
    });
  }

  override configure(line: MuxLine, context: MuxContext): void {
    super.configure(line, context);
    if (line.route.mux.cacheMs !== this.#coalescer.ms) this.#coalescer = new ReadCoalescer(() => this.route.mux);
  }

  /** How the device is shared. */
  get options(): MuxOptions {
    return this.route.mux;
  }

  /** Whether the device cannot be reached, as far as is known. */
  get isDown(): boolean {
    return this.pool.outage !== undefined;
  }

  /** Has the answers of the device seen from now on, by one observer; undefined: by none. */
  observe(observer: AnswerObserver | undefined): void {
    this.#observer = observer;
  }

  /** Asks a Modbus device for registers, behind everything that others ask for. @param client who gets the answer, in its framing */
  ask(client: MuxClient, range: RegisterRange): void {
    const request = pollRequest(this.#protocol, range);
    if (request === undefined) return;
    this.statistics.asked(client);
    this.#scheduler.request(client, request);
  }

  async drain(): Promise<void> {
    this.#delivery.stop();
    this.#scheduler.stop();
    if (this.#isDrained) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  protected override closeConnections(reason: string): void {
    super.closeConnections(reason);
    this.#pipelines.stopAll();
  }

  protected override mayGoOn(): void {
    this.#dispatch();
  }

  protected get waiting(): number {
    return this.#scheduler.waiting;
  }

  protected get outstanding(): number {
    return this.#pipelines.outstanding;
  }

  override get status(): MuxStatus {
    const silentUnits = this.#pipelines.units.silent(this.context.clock.now());
    return { ...super.status, ...(silentUnits.length > 0 && { silentUnits }) };
  }

  protected statusOf(connection: DeviceConnection): LinkStatus {
    const { requests = 0, outstanding = 0 } = this.#pipelines.of(connection) ?? {};
    return connection.status(requests, outstanding > 0);
  }

  protected connectionOpened(connection: DeviceConnection): DeviceConnectionEvents {
    return this.#pipelines.eventsOf(connection);
  }

  protected isAsked(connection: DeviceConnection): boolean {
    return this.waiting > 0 || (this.#pipelines.of(connection)?.requests ?? 0) > 0;
  }

  protected notReachable(_reason: string, hopelessSince: number | undefined): void {
    this.#pipelines.units.forget();
    if (hopelessSince !== undefined) this.#scheduler.failUntil(hopelessSince);
    this.#scheduler.dispatch();
  }

  get #protocol(): Protocol {
    return this.route.mux.protocol;
  }

  get #isDrained(): boolean {
    return this.outstanding === 0 && this.rounds.idle;
  }

  #dispatch(): void {
    this.#scheduler.dispatch();
    if (this.#drained !== undefined && this.#isDrained) this.#drained();
  }

  // clients

  protected eventsOf(client: () => MuxClient): ClientEvents {
    return {
      message: (bytes, head, body) => this.#message(client(), bytes, head, body),
      headReceived: (head) => {
        const reply = this.#protocol.continueReply?.(head);
        if (reply !== undefined) this.#scheduler.reply(client(), reply);
      },
      resumed: () => this.#resumed(client()),
      inputEnded: () => {
        this.#scheduler.inputEnded(client());
        this.#pipelines.clientGone();
        return true;
      },
      isQueueFull: () => this.#scheduler.isQueueFull(client()),
      isAnswered: () => this.#scheduler.isAnswered(client()),
    };
  }

  protected clientJoined(client: MuxClient): void {
    this.#scheduler.add(client);
  }

  protected clientLeft(client: MuxClient): void {
    this.#scheduler.remove(client);
    this.#delivery.resumed(client);
    this.#pipelines.clientGone();
  }

  protected reject(client: MuxClient, reason: string, bytes: Buffer | undefined): void {
    client.ignore(reason);
    this.#scheduler.reply(client, bytes, reason);
  }

  #message(client: MuxClient, bytes: Buffer, head: HttpHead | undefined, body: RequestBody | undefined): void {
    const interpretation = this.#guard.check(client, this.#protocol.interpret(bytes, head, this.route.mux.readOnly));
    this.statistics.asked(client);
    if (interpretation.kind === "request") {
      const { request } = interpretation;
      if (request.closesClient) client.takeNoMore(); // nothing behind such a request is carried out
      this.#scheduler.request(client, body === undefined ? request : withBody(request, body));
      return;
    }
    this.statistics.ended(client, "refused");
    if (interpretation.kind === "error") this.reject(client, interpretation.reason, interpretation.bytes);
    else if (body === undefined) this.#scheduler.reply(client, interpretation.bytes);
    else this.reject(client, "it has a message refused whose rest is still to come", interpretation.bytes);
  }

  #resumed(client: MuxClient): void {
    this.#delivery.resumed(client);
    this.#scheduler.reconsider(client);
    this.#scheduler.dispatch();
  }

  // requests

  /** It is the turn of a request: the cache answers it, an identical read does, or it goes to the device. */
  #start(clientRequest: ClientRequest, pending: PendingRequest): void {
    const { client, request } = clientRequest;
    const now = this.context.clock.now();
    const cached = this.#coalescer.cached(request, now);
    const underWay = cached === undefined ? this.#coalescer.joinable(request, now) : undefined;
    const pipeline = (cached ?? underWay) ? undefined : this.#pipelines.freeFor(request);
    if (cached !== undefined) {
      this.#coalescer.asked(request, now);
      this.#scheduler.started(clientRequest, pending);
      this.#announcements.each(pending.waiters, () => {
        client.deliver(cached);
        this.#scheduler.finished(clientRequest);
      });
    } else if (underWay !== undefined) {
      this.#coalescer.asked(request, now);
      underWay.waiters.add(clientRequest);
      this.#scheduler.started(clientRequest, underWay);
    } else if (this.#pipelines.refuses(request)) {
      this.#scheduler.failed(clientRequest, "unit silent");
    } else if (pipeline === undefined && this.pool.refuses) {
      this.#scheduler.failed(clientRequest, "no path");
    } else if (pipeline === undefined || pipeline.health.isAmbiguous(request)) {
      pipeline?.retire("a late answer could be taken for the next one");
      this.#scheduler.repeat(clientRequest);
    } else {
      if (pipeline.outstanding > 0) this.pool.open(); // a second connection is better than a second request on the first
      this.#scheduler.started(clientRequest, pending);
      this.#coalescer.begin(pending, clientRequest.isAlone || pipeline.health.owes(request), now);
      this.#scheduler.joinWaiting(pending, (other) => this.#coalescer.takes(pending, other, now));
      this.#coalescer.sent(pending);
      this.#delivery.expected(pending);
      this.statistics.sent(pending);
      pipeline.send(pending);
      if (request.yields) this.#pipelines.clientGone();
    }
  }

  #event(message: Buffer): void {
    this.count("events");
    this.#coalescer.invalidate();
    this.#announcements.all(message);
  }

  #unsolicited(text: string): void {
    this.count("strays");
    this.log.throttled("unsolicited", `dropped: ${text}`);
  }
}
