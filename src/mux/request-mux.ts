import type { MuxLine } from "../core/config/settings.js";
import type { Cut, HttpHead } from "../core/framing/framing.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import type { Failure, Protocol, Request } from "../core/mux/protocol.js";
import type { RequestBody } from "../core/mux/request-body.js";
import { outcomeOf } from "../core/mux/request-outcome.js";
import { withBody } from "../core/mux/streamed-request.js";
import { Announcements } from "./announcements.js";
import { BaseMux, type ClientEvents } from "./base-mux.js";
import type { DeviceConnection } from "./device-connection.js";
import type { DeviceConnectionEvents } from "./device-connection-events.js";
import { DevicePipelines } from "./device-pipelines.js";
import { FairScheduler } from "./fair-scheduler.js";
import type { MuxClient } from "./mux-client.js";
import type { MuxContext } from "./mux-context.js";
import type { AnswerSource, ClientRequest, PendingRequest } from "./pending-request.js";
import { ReadCoalescer } from "./read-coalescer.js";

/**
 * Several clients send requests to one device. Each request goes out whole, clients take turns, and the answer returns to the client
 * that asked (docs/mux.md).
 */
export class RequestMux extends BaseMux {
  readonly #announcements = new Announcements(this.rounds, this.clients);
  readonly #scheduler: FairScheduler;
  readonly #pipelines: DevicePipelines;
  #coalescer: ReadCoalescer;
  /** Connections that are paused because a client does not read its answer. */
  readonly #pausedBy = new Map<MuxClient, AnswerSource>();
  /** Whether the daemon stops: no request goes out any more. */
  #isStopping = false;
  /** Called when no answer is outstanding. */
  #drained: (() => void) | undefined;

  constructor(line: MuxLine, context: MuxContext) {
    super(line, context);
    const { clock } = context;
    this.#coalescer = new ReadCoalescer(line.route.mux.cacheMs);
    this.#pipelines = new DevicePipelines({
      clock,
      pool: this.pool,
      log: this.log,
      options: () => this.route.mux,
      isNeeded: () => this.clients.size > 0,
      ready: () => this.#dispatch(),
      requests: {
        answer: (pending, cut, source) => this.#answer(pending, cut, source),
        completed: (pending, byEof) => this.#completed(pending, byEof),
        failed: (pending, why) => this.#failed(pending, why),
        withdrawn: (pending, reason) => this.#withdrawn(pending, reason),
        timedOut() {},
        event: (message) => this.#event(message),
        unsolicited: (text) => this.#unsolicited(text),
      },
    });
    this.#scheduler = new FairScheduler({
      clock,
      options: () => this.route.mux,
      hasRoom: () => this.#pipelines.hasRoom,
      roomFor: (request) => (this.#isShared(request) ? "room" : this.#pipelines.roomFor(request)),
      lostMs: () => this.#pipelines.units.lostMs,
      excusedMs: (clientRequest) => this.#pipelines.excusedMs(clientRequest),
      isCoalescing: () => this.#coalescer.ms > 0,
      start: (clientRequest, pending) => this.#start(clientRequest, pending),
      needsConnection: () => void (this.#pipelines.isHolding || this.pool.open()),
      settled: (clientRequest, outcome) => this.statistics.settled(clientRequest, outcome),
      queueFull: (client) => this.statistics.ended(client, "queueFull"),
    });
  }

  override configure(line: MuxLine, context: MuxContext): void {
    super.configure(line, context);
    const { cacheMs } = line.route.mux;
    if (cacheMs !== this.#coalescer.ms) this.#coalescer = new ReadCoalescer(cacheMs);
  }

  async drain(): Promise<void> {
    this.#isStopping = true;
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

  protected statusOf(connection: DeviceConnection): LinkStatus {
    const { requests = 0, outstanding = 0 } = this.#pipelines.of(connection) ?? {};
    return connection.status(requests, outstanding > 0);
  }

  protected connectionOpened(connection: DeviceConnection): DeviceConnectionEvents {
    return this.#pipelines.eventsOf(connection);
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
    this.#resumeSource(client);
    this.#pipelines.clientGone();
  }

  protected reject(client: MuxClient, reason: string, bytes: Buffer | undefined): void {
    client.ignore(reason);
    this.#scheduler.reply(client, bytes, reason);
  }

  #message(client: MuxClient, bytes: Buffer, head: HttpHead | undefined, body: RequestBody | undefined): void {
    const interpretation = this.#protocol.interpret(bytes, head, this.route.mux.writes);
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
    this.#resumeSource(client);
    this.#scheduler.reconsider(client);
    this.#scheduler.dispatch();
  }

  #resumeSource(client: MuxClient): void {
    client.needNotRead();
    this.#pausedBy.get(client)?.resume();
    this.#pausedBy.delete(client);
  }

  // requests

  /** Whether the answer to a read is cached, or under way. */
  #isShared(request: Request): boolean {
    return this.#coalescer.ms > 0 && this.#coalescer.canAnswer(request, this.context.clock.now());
  }

  /** It is the turn of a request: the cache answers it, an identical read does, or it goes to the device. */
  #start(clientRequest: ClientRequest, pending: PendingRequest): void {
    const { client, request } = clientRequest;
    const cached = this.#coalescer.cached(request, this.context.clock.now());
    const identical = this.#coalescer.joinable(request);
    const pipeline = this.#pipelines.freeFor(request);
    if (cached !== undefined) {
      this.#scheduler.started(clientRequest, pending);
      this.#announcements.each(pending.waiters, () => {
        client.deliver(this.#protocol.forClient({ kind: "frame", bytes: cached }, request));
        this.#scheduler.finished(clientRequest);
      });
    } else if (identical !== undefined) {
      identical.waiters.add(clientRequest);
      this.#scheduler.started(clientRequest, identical);
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
      this.#coalescer.sent(pending);
      this.#scheduler.joinWaiting(pending);
      if (request.key !== undefined) this.#scheduler.answerExpected(request.key);
      this.statistics.sent(pending);
      pipeline.send(pending);
    }
  }

  #answer(pending: PendingRequest, cut: Cut, source: AnswerSource): void {
    const { key } = pending.request;
    const isFailure = this.#protocol.isFailure?.(cut.bytes) ?? false;
    this.#coalescer.answered(pending, cut.bytes, isFailure, this.context.clock.now());
    if (key !== undefined) this.#scheduler.answerExpected(key);
    const isImmediate = this.rounds.idle && pending.waiters.size <= 1;
    const kept = isImmediate ? cut : { ...cut, bytes: Buffer.from(cut.bytes) };
    this.#announcements.each(pending.waiters, ({ client, request }) => {
      client.deliver(this.#protocol.forClient(kept, request));
      if (cut.kind !== "part" || !client.stalled || source.isStopped) return;
      this.#pausedBy.set(client, source);
      source.pause();
      client.mustRead();
    });
  }

  #completed(pending: PendingRequest, byEof: boolean): void {
    this.#coalescer.finished(pending);
    this.statistics.over(pending, true);
    this.#scheduler.unitFreed();
    this.#announcements.each(pending.waiters, (clientRequest) => {
      const { client, request } = clientRequest;
      const { confirmation } = request;
      if (confirmation !== undefined) {
        client.deliver(this.#protocol.forClient({ kind: "frame", bytes: confirmation }, request));
      }
      this.#resumeSource(client);
      this.#scheduler.finished(clientRequest);
      if (!request.closesClient && !byEof) return;
      this.#scheduler.discardWaiting(client);
      client.close(undefined);
    });
  }

  #failed(pending: PendingRequest, why: Failure): void {
    this.#coalescer.finished(pending);
    this.statistics.over(pending, false);
    this.#scheduler.unitFreed();
    const repeats = why === "link lost" && pending.mayRepeat && !this.#isStopping;
    if (repeats) this.count("repeated", pending.waiters.size);
    this.#announcements.each(pending.waiters, (clientRequest) => {
      if (repeats) {
        this.#scheduler.repeat(clientRequest);
      } else if (pending.answerBegun) {
        this.#scheduler.finished(clientRequest, outcomeOf(why));
        clientRequest.client.close(`${why} in the middle of an answer`);
      } else {
        this.#scheduler.failed(clientRequest, why);
      }
    });
  }

  #withdrawn(pending: PendingRequest, reason: string): void {
    this.#coalescer.finished(pending);
    this.statistics.over(pending, false);
    this.#announcements.each(pending.waiters, (clientRequest) => {
      this.#scheduler.finished(clientRequest, "abandoned");
      if (pending.answerBegun) clientRequest.client.close(reason);
    });
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
