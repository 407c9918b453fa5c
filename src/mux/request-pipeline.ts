import { AnswerMatcher, type MessageCut } from "../core/mux/answer-matcher.js";
import { answerLimitMs } from "../core/mux/mux-options.js";
import type { Request } from "../core/mux/protocol.js";
import type { Timer } from "../system/clock.js";
import { AnswerIntake } from "./answer-intake.js";
import { BodyOnLink, type BodyOnLinkOwner } from "./body-on-link.js";
import type { DeviceConnection } from "./device-connection.js";
import { HealthProbe } from "./health-probe.js";
import { Outstanding } from "./outstanding.js";
import type { AnswerSource, PendingRequest } from "./pending-request.js";
import { RequestGap } from "./request-gap.js";
import type { RequestPipelineOwner } from "./request-pipeline-owner.js";

const MORE_ANSWERS_MS = 300; // silence after which a request with many answers has got them all
const SILENT_TIMEOUTS = 1.5; // without a byte for so many times ATIM the connection is dead, and the device not just slow
const UNWANTED_MS = 1000; // the rest of an answer that no client wants any more is read for so long: often that spares a new connection

/** The part of a connection that a pipeline uses. */
type PipelineConnection = Pick<DeviceConnection, "ready" | "unsent" | "write" | "pause" | "resume">;

type State =
  | { readonly kind: "open" }
  /** Takes no more requests. Behind the last answer the connection is retired. */
  | { readonly kind: "retiring"; readonly reason: string }
  | { readonly kind: "stopped" };

/** The requests and answers on one connection to the device (docs/mux.md). */
export class RequestPipeline implements AnswerSource, BodyOnLinkOwner {
  /** Requests that went out. */
  requests = 0;
  readonly #connection: PipelineConnection;
  readonly #owner: RequestPipelineOwner;
  readonly #matcher: AnswerMatcher<Outstanding>;
  readonly #intake: AnswerIntake<Outstanding>;
  readonly #probe: HealthProbe;
  readonly #gap: RequestGap;
  readonly #maxAge: Timer | undefined;
  #state: State = { kind: "open" };
  /** Since when an answer has been due and the device has sent nothing. */
  #silentSince: number | undefined;
  /** Carries the body of the last request that had a long one. */
  #body: BodyOnLink | undefined;

  constructor(connection: PipelineConnection, owner: RequestPipelineOwner) {
    this.#connection = connection;
    this.#owner = owner;
    const { clock } = owner;
    const { maxAgeMs } = owner.options();
    this.#matcher = new AnswerMatcher(() => owner.options(), owner.habits, Math.floor(Math.random() * 0x10000));
    this.#intake = new AnswerIntake(connection, this.#matcher, {
      clock,
      answer: (to, cut, atEof) => this.#answer(to, cut, atEof),
      event: (bytes) => {
        owner.responsive();
        owner.event(Buffer.from(bytes));
      },
      unsolicited: (what) => owner.unsolicited(what),
      learned: (what) => owner.learned(what),
      distrust: (what) => this.#distrust(what),
      caughtUp: () => {
        this.#silentSince = this.#matcher.size === 0 ? undefined : clock.now();
      },
      ready: () => owner.ready(),
      fault: (error) => owner.fault(error),
    });
    this.#probe = new HealthProbe({
      clock,
      options: () => owner.options(),
      isFree: () => this.isFree,
      probe: (request, timeoutMs) => this.#transmit(request, undefined, timeoutMs),
    });
    this.#gap = new RequestGap(clock, () => this.#gapOver());
    if (maxAgeMs > 0) this.#maxAge = clock.after(maxAgeMs, () => this.#retire("as old as MAXA allows"));
  }

  /** Number of requests that wait for their answer. */
  get outstanding(): number {
    return this.#matcher.size;
  }

  get isStopped(): boolean {
    return this.#state.kind === "stopped";
  }

  /** Whether a request can go out now. */
  get isFree(): boolean {
    const { ready, unsent } = this.#connection;
    const isBusy = this.#intake.isReading || this.#gap.running || !ready || unsent > 0;
    return this.#state.kind === "open" && !isBusy && this.#matcher.size < this.#matcher.limit;
  }

  get #answerMs(): number {
    return answerLimitMs(this.#owner.options());
  }

  send(pending: PendingRequest): void {
    this.#transmit(pending.request, pending, this.#answerMs);
  }

  /** Stops reading: a client does not take its answer. The mux limits that. */
  pause(): void {
    this.#intake.pause();
    for (const outstanding of this.#matcher.outstanding) outstanding.unlimited();
  }

  resume(): void {
    this.#intake.resume();
    for (const outstanding of this.#matcher.outstanding) outstanding.limit(this.#answerMs);
  }

  /** A client has gone: perhaps nobody waits any more for an answer that has begun. */
  clientGone(): void {
    for (const outstanding of this.#matcher.outstanding) if (outstanding.isUnwanted) outstanding.limit(UNWANTED_MS);
  }

  /** The kernel has taken everything that was unsent. */
  drained(): void {
    this.#body?.drained();
  }

  bodySent(outstanding: Outstanding): void {
    if (outstanding.hasAnswers) this.#complete(outstanding, false);
  }

  withdraw(outstanding: Outstanding, reason: string): void {
    outstanding.over();
    this.#matcher.completed(outstanding);
    if (outstanding.pending !== undefined) this.#owner.withdrawn(outstanding.pending, reason);
    this.#owner.retire(reason);
  }

  /** The device has sent these bytes. */
  data(chunk: Buffer): void {
    this.#probe.used();
    this.#intake.push(chunk);
  }

  /** The device has sent FIN. */
  eof(): void {
    if (this.#intake.isSettling) this.#retireLater("by device");
    this.#intake.end();
    if (this.#state.kind === "retiring" && this.#matcher.size === 0) this.#owner.retire(this.#state.reason);
    else if (this.#state.kind !== "stopped") this.#owner.fail("by device");
  }

  /** The connection is gone: all outstanding requests fail. */
  stop(): void {
    if (this.isStopped) return;
    this.#state = { kind: "stopped" };
    this.#intake.stop();
    for (const timer of [this.#probe, this.#gap, this.#maxAge]) timer?.cancel();
    const outstanding = [...this.#matcher.outstanding].reverse(); // repeats go to the front of the queue one by one
    this.#matcher.clear();
    for (const one of outstanding) {
      const { pending, hasAnswers } = one;
      one.over();
      if (pending === undefined) continue;
      if (hasAnswers) this.#owner.completed(pending, false);
      else this.#owner.failed(pending, "link lost");
    }
  }

  #transmit(request: Request, pending: PendingRequest | undefined, timeoutMs: number): void {
    const { protocol, gapMs } = this.#owner.options();
    const id = this.#matcher.nextId();
    this.requests += 1;
    this.#probe.used();
    if (request.closesConnection) this.#retireLater("the device may see the end of the request elsewhere");
    const bytes = protocol.withId(request, id);
    const outstanding = new Outstanding(id, request, bytes, pending, this.#owner.clock, this.#expired);
    if (!request.oneWay) this.#intake.expect(outstanding);
    this.#connection.write(bytes);
    if (request.oneWay || (request.signOfLife && pending !== undefined)) {
      if (pending !== undefined) this.#owner.completed(pending, false);
      this.#gap.start(gapMs);
      return;
    }
    this.#silentSince ??= this.#owner.clock.now();
    this.#matcher.sent(outstanding);
    outstanding.limit(timeoutMs);
    if (request.body === undefined) return;
    this.#body = new BodyOnLink(this.#connection, outstanding, () => this.#owner.options(), this).begin();
  }

  // what the device sends

  #answer(outstanding: Outstanding, cut: MessageCut, atEof: boolean): void {
    const { pending, request } = outstanding;
    const { protocol } = this.#owner.options();
    const { head } = cut;
    const isInterim = head?.status !== undefined && head.status < 200; // RFC 9110, 15.2
    this.#owner.responsive();
    if (head !== undefined && protocol.closesConnection?.(head)) this.#retireLater("as the device wants it");
    if (pending !== undefined) {
      pending.answerBegun ||= !isInterim;
      if (!isInterim) request.body?.answerBegins();
      this.#owner.answer(pending, cut, this);
    }
    if (this.isStopped) return;
    const isEarly = cut.kind === "frame" && !atEof && request.body?.isComplete === false;
    if (isEarly || protocol.hasManyAnswers?.(request)) {
      outstanding.hasAnswers = true;
      outstanding.limit(isEarly ? this.#owner.options().stallMs : MORE_ANSWERS_MS);
    } else if (cut.kind === "frame") {
      this.#complete(outstanding, atEof);
    } else if (pending?.isWanted && !this.#intake.isPaused && !isInterim) {
      outstanding.limit(this.#answerMs); // an endless answer that no client wants must not keep the connection
    }
  }

  #complete(outstanding: Outstanding, byEof: boolean): void {
    outstanding.over();
    this.#matcher.completed(outstanding);
    this.#gap.start(this.#owner.options().gapMs);
    if (outstanding.pending !== undefined) this.#owner.completed(outstanding.pending, byEof);
    // a new connection would not be free before the end of the gap either
    if (!byEof && !this.#gap.running) this.#retireIfDue();
  }

  // when the connection ends

  #gapOver(): void {
    if (this.#state.kind === "retiring") this.#retireIfDue();
    else this.#owner.ready();
  }

  /** Takes no more requests. */
  #retireLater(reason: string): void {
    if (this.#state.kind === "open") this.#state = { kind: "retiring", reason };
  }

  #retire(reason: string): void {
    this.#retireLater(reason);
    this.#retireIfDue();
  }

  #retireIfDue(): void {
    if (this.#state.kind === "retiring" && this.#matcher.size === 0) this.#owner.retire(this.#state.reason);
  }

  readonly #expired = (outstanding: Outstanding): void => {
    const { pending, hasAnswers } = outstanding;
    if (hasAnswers) {
      this.#complete(outstanding, false);
      this.#owner.ready();
      return;
    }
    if (outstanding.isUnwanted) {
      this.withdraw(outstanding, "no client wants the rest of its answer");
      return;
    }
    outstanding.over();
    this.#matcher.abandoned(outstanding);
    if (pending === undefined || pending.isWanted) this.#owner.timedOut();
    if (pending !== undefined) this.#owner.failed(pending, "no answer");
    const [answerMs, now] = [this.#answerMs, this.#owner.clock.now()];
    const silenceMs = now - (this.#silentSince ?? now);
    if (pending === undefined) {
      this.#owner.replace("no answer to its probe");
    } else if (this.#matcher.confusesLateAnswers) {
      this.#owner.replace(`no answer within ${answerMs / 1000} s: the next one could belong to any request`);
    } else if (silenceMs >= SILENT_TIMEOUTS * answerMs) {
      this.#owner.replace(`no answers for ${(silenceMs / 1000).toFixed(1)} s`);
    } else if (this.#intake.held > 0) {
      this.#owner.replace(`${this.#intake.held} bytes of an answer whose rest did not come`);
    } else {
      this.#owner.ready();
    }
  };

  #distrust(what: string): void {
    this.#owner.unsolicited(what);
    this.#owner.replace(`not trusted any more: ${what}`);
  }
}
