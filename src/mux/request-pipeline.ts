import { AnswerMatcher, type Awaiting, type Match, type MessageCut } from "../core/mux/answer-matcher.js";
import { answerLimitMs, type MuxOptions } from "../core/mux/mux-options.js";
import type { Request } from "../core/mux/protocol.js";
import type { Clock, Timer } from "../system/clock.js";
import { AnswerReader } from "./answer-reader.js";
import type { DeviceConnection } from "./device-connection.js";
import { HealthProbe } from "./health-probe.js";
import type { AnswerSource, PendingRequest, RequestEvents } from "./pending-request.js";
import { RequestGap } from "./request-gap.js";

const MORE_ANSWERS_MS = 300; // silence after which a request with many answers has got them all
const SILENT_TIMEOUTS = 1.5; // without a byte for so many times ATIM the connection is dead, and the device not just slow
const MAX_HALF_MS = 1000; // half a message that nobody asked for must end within this time: requests wait behind it
const MAX_STALL_MS = 60_000; // a client that does not read a long answer may keep the connection from the others for so long

/** What a pipeline asks of the mux, and tells it. */
export interface RequestPipelineOwner extends RequestEvents {
  readonly clock: Clock;
  options(): MuxOptions;
  /** The device has sent a sensible message. */
  responsive(): void;
  /** The pipeline may take another request. */
  ready(): void;
  fault(error: unknown): void;
  /** The mux is to close the connection because of what the device has done. */
  fail(reason: string): void;
  /** The mux is to close the connection because its time has come: it may open another one at once. */
  retire(reason: string): void;
  /** The mux is to close the connection because it is of no use any more, and to open another one. */
  replace(reason: string): void;
}

/** The part of a connection that a pipeline uses. */
type PipelineConnection = Pick<DeviceConnection, "ready" | "unsent" | "write" | "pause" | "resume">;

/** A request that waits for its answer. Without a pending request it is a probe. */
interface Outstanding extends Awaiting {
  readonly pending: PendingRequest | undefined;
  timer: Timer | undefined;
  /** Whether an answer has come, and more of them may follow. */
  hasAnswers: boolean;
}

type State =
  | { readonly kind: "open" }
  /** Takes no more requests. Behind the last answer the connection is retired. */
  | { readonly kind: "retiring"; readonly reason: string }
  | { readonly kind: "stopped" };

/** The requests and answers on one connection to the device (docs/mux.md). */
export class RequestPipeline implements AnswerSource {
  /** Requests that went out. */
  requests = 0;
  readonly #connection: PipelineConnection;
  readonly #owner: RequestPipelineOwner;
  readonly #matcher: AnswerMatcher<Outstanding>;
  readonly #reader: AnswerReader;
  readonly #probe: HealthProbe;
  readonly #gap: RequestGap;
  /** Runs while the rest of a message is to come that no request waits for. */
  readonly #half: RequestGap;
  readonly #maxAge: Timer | undefined;
  #state: State = { kind: "open" };
  /** Since when an answer has been due and the device has sent nothing. */
  #silentSince: number | undefined;

  constructor(connection: PipelineConnection, owner: RequestPipelineOwner) {
    this.#connection = connection;
    this.#owner = owner;
    const { clock } = owner;
    const { protocol, maxAgeMs } = owner.options();
    this.#matcher = new AnswerMatcher(() => owner.options(), Math.floor(Math.random() * 0x10000));
    this.#reader = new AnswerReader(connection, protocol.deviceFraming.answers(), {
      cut: (cut, atEof) => this.#carryOut(this.#matcher.match(cut, atEof), atEof),
      caughtUp: (heldBytes) => this.#caughtUp(heldBytes),
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
    this.#half = new RequestGap(clock, () => this.#distrust("half a message that no request waited for"));
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
    const isBusy = this.#reader.isReading || this.#gap.running || this.#half.running || !ready || unsent > 0;
    return this.#state.kind === "open" && !isBusy && this.#matcher.size < this.#owner.options().pipe;
  }

  /** How long the device may take for an answer. */
  get #answerMs(): number {
    return answerLimitMs(this.#owner.options());
  }

  send(pending: PendingRequest): void {
    this.#transmit(pending.request, pending, this.#answerMs);
  }

  /** Stops reading: a client does not take its answer. */
  pause(): void {
    this.#reader.pause();
    for (const outstanding of this.#matcher.outstanding) this.#startTimer(outstanding, MAX_STALL_MS);
  }

  resume(): void {
    this.#reader.resume();
    for (const outstanding of this.#matcher.outstanding) this.#startTimer(outstanding, this.#answerMs);
  }

  /** The device has sent these bytes. */
  data(chunk: Buffer): void {
    this.#probe.used();
    if (this.#matcher.distrustsBytes) {
      this.#distrust(`${chunk.length} bytes that no request waited for`);
    } else {
      this.#reader.push(chunk);
    }
  }

  /** The device has sent FIN. */
  eof(): void {
    this.#reader.end();
    if (this.#state.kind === "retiring" && this.#matcher.size === 0) this.#owner.retire(this.#state.reason);
    else if (this.#state.kind !== "stopped") this.#owner.fail("by device");
  }

  /** The connection is gone: all outstanding requests fail. */
  stop(): void {
    if (this.isStopped) return;
    this.#state = { kind: "stopped" };
    this.#reader.stop();
    for (const timer of [this.#probe, this.#gap, this.#half, this.#maxAge]) timer?.cancel();
    const outstanding = [...this.#matcher.outstanding].reverse(); // repeats go to the front of the queue one by one
    this.#matcher.clear();
    for (const { pending, timer, hasAnswers } of outstanding) {
      timer?.cancel();
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
    const awaitsOneAnswer = !protocol.hasIds && protocol.unasked !== "told";
    if (awaitsOneAnswer) this.#reader.restart(protocol.deviceFraming.answers(request.bytes));
    if (request.closesConnection) this.#retireLater("the device may see the end of the request elsewhere");
    const bytes = protocol.withId(request, id);
    if (!request.oneWay) this.#reader.expect(bytes);
    this.#connection.write(bytes);
    if (request.oneWay || (request.signOfLife && pending !== undefined)) {
      if (pending !== undefined) this.#owner.completed(pending, false);
      this.#gap.start(gapMs);
      return;
    }
    this.#silentSince ??= this.#owner.clock.now();
    const outstanding: Outstanding = { id, request, pending, timer: undefined, hasAnswers: false };
    this.#matcher.sent(outstanding);
    this.#startTimer(outstanding, timeoutMs);
  }

  #startTimer(outstanding: Outstanding, ms: number): void {
    outstanding.timer?.cancel();
    outstanding.timer = this.#owner.clock.after(ms, () => this.#expire(outstanding));
  }

  // what the device sends

  #carryOut(match: Match<Outstanding>, atEof: boolean): void {
    this.#half.cancel();
    switch (match.kind) {
      case "answer":
        this.#answer(match.to, match.cut, atEof);
        break;
      case "event":
        this.#owner.responsive();
        this.#owner.event(Buffer.from(match.bytes));
        break;
      case "unsolicited":
        this.#owner.unsolicited(match.what);
        break;
      case "suspect":
        this.#distrust(match.what);
        break;
    }
  }

  #answer(outstanding: Outstanding, cut: MessageCut, atEof: boolean): void {
    const { pending, request } = outstanding;
    const { protocol } = this.#owner.options();
    const { head } = cut;
    const isInterim = head?.status !== undefined && head.status < 200; // RFC 9110, 15.2
    this.#owner.responsive();
    if (head !== undefined && protocol.closesConnection?.(head)) this.#retireLater("as the device wants it");
    if (pending !== undefined) {
      pending.answerBegun ||= !isInterim;
      this.#owner.answer(pending, cut, this);
    }
    if (this.isStopped) return;
    if (protocol.hasManyAnswers?.(request)) {
      outstanding.hasAnswers = true;
      this.#startTimer(outstanding, MORE_ANSWERS_MS);
    } else if (cut.kind === "frame") {
      this.#complete(outstanding, atEof);
    } else if (pending?.isWanted && !this.#reader.isPaused && !isInterim) {
      this.#startTimer(outstanding, this.#answerMs); // an endless answer that no client wants must not keep the connection
    }
  }

  #complete(outstanding: Outstanding, byEof: boolean): void {
    const { pending, timer } = outstanding;
    timer?.cancel();
    this.#matcher.completed(outstanding);
    this.#gap.start(this.#owner.options().gapMs);
    if (pending !== undefined) this.#owner.completed(pending, byEof);
    // a new connection would not be free before the end of the gap either
    if (!byEof && !this.#gap.running) this.#retireIfDue();
  }

  #caughtUp(heldBytes: number): void {
    const isAnswered = this.#matcher.size === 0;
    this.#silentSince = isAnswered ? undefined : this.#owner.clock.now();
    this.#matcher.caughtUp(heldBytes);
    if (heldBytes > 0 && this.#matcher.awaitsEnd && !this.#half.running) this.#half.start(MAX_HALF_MS);
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

  #expire(outstanding: Outstanding): void {
    const { pending, hasAnswers } = outstanding;
    if (hasAnswers) {
      this.#complete(outstanding, false);
      this.#owner.ready();
      return;
    }
    this.#matcher.abandoned(outstanding);
    if (pending === undefined || pending.isWanted) this.#owner.timedOut();
    if (pending !== undefined) this.#owner.failed(pending, "no answer");
    const { clock } = this.#owner;
    const answerMs = this.#answerMs;
    const { protocol } = this.#owner.options();
    const silenceMs = clock.now() - (this.#silentSince ?? clock.now());
    if (pending === undefined) {
      this.#owner.replace("no answer to its probe");
    } else if (!protocol.hasIds) {
      this.#owner.replace(`no answer within ${answerMs / 1000} s: the next one could belong to any request`);
    } else if (silenceMs >= SILENT_TIMEOUTS * answerMs) {
      this.#owner.replace(`no answers for ${(silenceMs / 1000).toFixed(1)} s`);
    } else if (this.#reader.held > 0) {
      this.#owner.replace(`${this.#reader.held} bytes of an answer whose rest did not come`);
    } else {
      this.#owner.ready();
    }
  }

  #distrust(what: string): void {
    this.#owner.unsolicited(what);
    this.#owner.replace(`not trusted any more: ${what}`);
  }
}
