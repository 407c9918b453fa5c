import { AnswerMatcher } from "../core/mux/answer-matcher.js";
import { LinkHealth } from "../core/mux/link-health.js";
import type { MessageCut } from "../core/mux/match.js";
import { answerLimitMs } from "../core/mux/mux-options.js";
import { type Request, unitOf } from "../core/mux/protocol.js";
import { Alarm } from "./alarm.js";
import { AnswerIntake } from "./answer-intake.js";
import { BodyOnLink, type BodyOnLinkOwner } from "./body-on-link.js";
import { Countdown } from "./countdown.js";
import { HealthProbe } from "./health-probe.js";
import { LinkLife } from "./link-life.js";
import { LinkRoom } from "./link-room.js";
import { LinkSounding } from "./link-sounding.js";
import { LinkState } from "./link-state.js";
import { Outstanding, type Timeouts } from "./outstanding.js";
import type { AnswerSource, PendingRequest } from "./pending-request.js";
import type { PipelineConnection, RequestPipelineOwner } from "./request-pipeline-owner.js";

const TURNAROUND_MS = 100; // for units to do what all were told (MODBUS over Serial Line V1.02, 2.4.1: 100 to 200 ms)
const MORE_ANSWERS_MS = 300; // silence after which a request with many answers has got them all

/** The requests and answers on one connection to the device (docs/mux.md). */
export class RequestPipeline implements AnswerSource, BodyOnLinkOwner, Timeouts {
  /** Requests that went out. */
  requests = 0;
  readonly room: LinkRoom;
  readonly health: LinkHealth;
  readonly #connection: PipelineConnection;
  readonly #owner: RequestPipelineOwner;
  readonly #matcher: AnswerMatcher<Outstanding>;
  readonly #intake: AnswerIntake<Outstanding>;
  readonly #probe: HealthProbe;
  readonly gap: Countdown;
  readonly #alarm: Alarm;
  readonly #life: LinkLife;
  readonly sounding: LinkSounding;
  readonly #state = new LinkState();
  /** Carries the body of the last request that had a long one. */
  #body: BodyOnLink | undefined;

  constructor(connection: PipelineConnection, owner: RequestPipelineOwner) {
    this.#connection = connection;
    this.#owner = owner;
    const { clock } = owner;
    this.#matcher = new AnswerMatcher(() => owner.options(), owner.habits, Math.floor(Math.random() * 0x10000));
    this.health = new LinkHealth(owner.units, owner.options().protocol, () => this.#matcher.identifiedBy);
    this.room = new LinkRoom(owner.units, this.#matcher, () => this.#canSend());
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
      caughtUp: () => this.health.heard(this.#matcher.size === 0, clock.now()),
      ready: () => owner.ready(),
      fault: (error) => owner.fault(error),
    });
    this.#probe = new HealthProbe({
      clock,
      options: () => owner.options(),
      isFree: () => this.isFree,
      probe: (request, timeoutMs) => this.#transmit(request, undefined, timeoutMs),
    });
    this.gap = new Countdown(clock, () => this.#gapOver());
    this.#alarm = new Alarm(clock, () => this.#matcher.outstanding);
    this.sounding = new LinkSounding(clock, this.#probe, this.gap);
    this.#life = new LinkLife(clock, owner.options(), (reason) => this.retire(reason));
  }

  get outstanding(): number {
    return this.#matcher.size;
  }

  get isStopped(): boolean {
    return this.#state.isStopped;
  }

  /** Whether a request can go out now. */
  get isFree(): boolean {
    return this.#canSend() && this.#matcher.size < this.#matcher.limit;
  }

  get #answerMs(): number {
    return answerLimitMs(this.#owner.options());
  }

  send(pending: PendingRequest): void {
    this.#life.used();
    if (this.#matcher.identifiedBy !== "id") {
      for (const overdue of this.#matcher.outstanding) this.#giveUp(overdue); // two answers without ids could be taken for each other
    }
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

  /** A client has gone, or has sent FIN: perhaps nobody waits any more for an answer. */
  clientGone(): void {
    const unwantedMs = Math.min(this.health.unwantedMs, this.#answerMs);
    for (const outstanding of this.#matcher.outstanding) outstanding.clientGone(unwantedMs);
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
    if (this.health.owesAny) {
      const awaited = new Set(Array.from(this.#matcher.outstanding, ({ request }) => unitOf(request)));
      this.health.received(chunk, awaited, this.#owner.clock.now());
    }
    this.#intake.push(chunk);
  }

  /** The device has sent FIN. */
  eof(): void {
    if (this.#intake.isSettling) this.#state.retire("by device");
    this.#intake.end();
    const { retiring } = this.#state;
    if (retiring !== undefined && this.#matcher.size === 0) this.#owner.retire(retiring);
    else if (!this.isStopped) this.#owner.fail("by device");
  }

  /** The connection is gone: all outstanding requests fail. */
  stop(): void {
    if (this.isStopped) return;
    this.#state.stop();
    this.#intake.stop();
    for (const timer of [this.#probe, this.gap, this.#alarm, this.#life]) timer.cancel();
    const outstanding = [...this.#matcher.outstanding].reverse(); // repeats go to the front of the queue one by one
    this.#matcher.clear();
    for (const one of outstanding) {
      const { pending, hasAnswers } = one;
      one.over();
      if (pending === undefined) continue;
      if (this.#owner.wasTurnedAway()) pending.wasTurnedAway();
      if (hasAnswers) this.#owner.completed(pending, false);
      else this.#owner.failed(pending, "link lost");
    }
  }

  #transmit(request: Request, pending: PendingRequest | undefined, timeoutMs: number): void {
    const { protocol, gapMs } = this.#owner.options();
    const id = this.#matcher.nextId();
    this.requests += 1;
    if (request.closesConnection) this.#state.retire("the device may see the end of the request elsewhere");
    const bytes = protocol.withId(request, id);
    const outstanding = new Outstanding(id, request, bytes, pending, this.#alarm, this);
    this.#probe.used(outstanding.sentAt);
    if (!request.oneWay || request.mayAnswer) this.#intake.expect(outstanding);
    const asker = pending?.asker.client.name ?? "";
    const isOut = this.#connection.write(bytes, asker, this.#matcher.size === 0, pending?.mayRepeat ?? true);
    if (!isOut) pending?.hasNotGoneOut();
    if (request.mayAnswer) {
      outstanding.hasAnswers = true; // none is needed
      this.#matcher.sent(outstanding);
      outstanding.limit(TURNAROUND_MS);
      return;
    }
    if (request.oneWay || (request.signOfLife && pending !== undefined)) {
      if (pending !== undefined) this.#owner.completed(pending, false);
      this.gap.start(gapMs);
      return;
    }
    const holdMs = this.health.sent(request, outstanding.sentAt);
    this.#matcher.sent(outstanding);
    outstanding.limit(timeoutMs, pending === undefined ? undefined : holdMs, outstanding.sentAt);
    if (request.body === undefined) return;
    this.#body = new BodyOnLink(this.#connection, outstanding, () => this.#owner.options(), this).begin();
  }

  #answer(outstanding: Outstanding, cut: MessageCut, atEof: boolean): void {
    const { pending, request } = outstanding;
    const { protocol } = this.#owner.options();
    const { head } = cut;
    if (head !== undefined && pending?.mayRepeat && protocol.sawNoRequest?.(head)) {
      this.#distrust("the device was closing it for want of requests");
      return;
    }
    const isInterim = head?.status !== undefined && head.status < 200; // RFC 9110, 15.2
    this.#owner.responsive();
    if (head !== undefined && protocol.closesConnection?.(head)) this.#state.retire("as the device wants it");
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
      const isSilent = pending?.isFailure === true && (protocol.reportsSilence?.(cut.bytes) ?? false);
      if (isSilent) this.#matcher.owed();
      this.health[isSilent ? "unitMissed" : "answered"](request, outstanding.sentAt, this.#owner.clock.now());
      this.#complete(outstanding, atEof);
    } else if (pending?.isWanted && !this.#intake.isPaused && !isInterim) {
      outstanding.limit(this.#answerMs); // an endless answer that no client wants must not keep the connection
    }
  }

  #complete(outstanding: Outstanding, byEof: boolean): void {
    outstanding.over();
    this.#matcher.completed(outstanding);
    const isLast = this.#matcher.size === 0 && this.#state.isOpen;
    this.gap.start(Math.max(this.#owner.options().gapMs, isLast ? this.#owner.closeWaitMs() : 0));
    if (outstanding.pending !== undefined) this.#owner.completed(outstanding.pending, byEof);
    // a new connection would not be free before the end of the gap either
    if (!byEof && !this.gap.running) this.#retireIfDue();
  }

  #canSend(): boolean {
    const { ready, unsent } = this.#connection;
    return this.#state.isOpen && !this.#intake.isReading && !this.gap.running && ready && unsent === 0;
  }

  #gapOver(): void {
    this.sounding.over();
    if (this.#state.retiring === undefined) this.#owner.ready();
    else this.#retireIfDue();
  }

  /** Closes the connection behind its last answer. */
  retire(reason: string): void {
    this.#state.retire(reason);
    this.#retireIfDue();
  }

  #retireIfDue(): void {
    const { retiring } = this.#state;
    if (retiring !== undefined && this.#matcher.size === 0) this.#owner.retire(retiring);
  }

  overdue(change: 1 | -1): void {
    this.room.overdue += change;
    if (change < 0) return;
    this.#owner.units.overdue(this.#owner.clock.now());
    this.#owner.ready();
  }

  expired(outstanding: Outstanding): void {
    if (outstanding.hasAnswers) {
      this.#complete(outstanding, false);
      this.#owner.ready();
    } else if (outstanding.isUnwanted) {
      this.withdraw(outstanding, "no client wants the rest of its answer");
    } else if (!outstanding.goesOn(this.#owner.isAwaited(), this.#answerMs)) {
      const reason = this.#giveUp(outstanding);
      if (reason === undefined) this.#owner.ready();
      else this.#owner.replace(reason);
    }
  }

  /** The request fails. Returns why the connection is of no use any more; undefined: it is. */
  #giveUp(outstanding: Outstanding): string | undefined {
    const { request, pending, sentAt } = outstanding;
    outstanding.over();
    this.#matcher.abandoned(outstanding);
    const now = this.#owner.clock.now();
    const reason = this.health.missed(request, sentAt, now, Math.min(now - sentAt, this.#answerMs));
    if (pending === undefined) return "no answer to its probe";
    this.#owner.failed(pending, "no answer");
    if (reason === undefined && this.#matcher.hasRefused) return "answers with other ids or units came instead";
    const { held } = this.#intake;
    return reason ?? (held > 0 ? `${held} bytes of an answer whose rest did not come` : undefined);
  }

  #distrust(what: string): void {
    this.#owner.unsolicited(what);
    this.#owner.replace(`not trusted any more: ${what}`);
  }
}
