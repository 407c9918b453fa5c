import type { Cut, Framing } from "../framing/framing.js";
import type { DeviceHabits } from "./device-habits.js";
import { ForeignAnswers } from "./foreign-answers.js";
import { LastAnswer } from "./last-answer.js";
import { type Awaiting, type IdentifiedBy, type Match, type MessageCut, shown, unawaited } from "./match.js";
import type { MuxOptions } from "./mux-options.js";
import type { Protocol } from "./protocol.js";
import { RequestIds } from "./request-ids.js";

const NOTHING = Buffer.alloc(0);
const ECHOES = "requests come back in front of their answers: they confirm nothing from now on";
const ECHO: Match<never> = { kind: "echo" };

/** Decides which outstanding request of one link a message of the device answers (docs/mux.md). */
export class AnswerMatcher<T extends Awaiting> {
  readonly #options: () => MuxOptions;
  readonly #protocol: Protocol;
  readonly #outstanding = new Map<number, T>();
  readonly #ids: RequestIds;
  readonly #habits: DeviceHabits;
  readonly #foreign: ForeignAnswers<T>;
  readonly #last = new LastAnswer();
  /** Whether what comes next has come right behind an answer. */
  #isBehindAnswer = false;

  /**
   * @param options a reload may change them, but not the protocol
   * @param habits what is known about the device; the matcher adds what it learns
   * @param firstId the id before the first one: a random one makes the ids of two links differ
   */
  constructor(options: () => MuxOptions, habits: DeviceHabits, firstId: number) {
    this.#options = options;
    this.#habits = habits;
    this.#protocol = options().protocol;
    this.#ids = new RequestIds(this.#outstanding, firstId, this.#protocol.idCount);
    habits.addLink(this.#ids);
    this.#foreign = new ForeignAnswers(this.#protocol, habits, this.#ids);
  }

  /** Number of requests that wait for their answer. */
  get size(): number {
    return this.#outstanding.size;
  }

  /** The requests that wait for their answer, the oldest first. */
  get outstanding(): Iterable<T> {
    return this.#outstanding.values();
  }

  /** A framing for what the device sends before the first request. */
  framing(): Framing {
    return this.#protocol.deviceFraming.answers();
  }

  /** A framing for the answer to this request; nothing: messages are cut on as before. */
  framingOf({ request }: T): Framing | undefined {
    const { hasIds, unasked, deviceFraming } = this.#protocol;
    return hasIds || unasked === "told" ? undefined : deviceFraming.answers(request.bytes);
  }

  /** Whether any byte that comes now makes the link suspect. */
  get distrustsBytes(): boolean {
    return this.#outstanding.size === 0 && this.#protocol.unasked === "suspect";
  }

  /** Whether half a message that has come must end before the next request goes out: its end would be the beginning of the answer. */
  get awaitsEnd(): boolean {
    return this.#outstanding.size === 0 && (this.#protocol.unasked === "messages" || this.#isByOrder);
  }

  /** Whether perhaps the answer came, and was refused for its id or unit: after a timeout the link is of no use any more. */
  get hasRefused(): boolean {
    return this.#foreign.hasRefused;
  }

  /** What identifies an answer on this link. */
  get identifiedBy(): IdentifiedBy {
    if (!this.#protocol.hasIds) return "unit";
    return this.#hasReliableIds ? "id" : "nothing";
  }

  /** How many requests may be outstanding: PIPE, but one where ids do not tell answers, or perhaps do not. */
  get limit(): number {
    return this.#hasReliableIds ? this.#options().pipe : 1;
  }

  /** Whether nothing has shown yet that the device makes ids of its own. While that is in doubt one request at a time goes out. */
  get #hasReliableIds(): boolean {
    return !this.#isByOrder && !(this.#habits.areIdsDoubtful && this.#options().match === "auto");
  }

  get #isByOrder(): boolean {
    return this.#habits.byOrder && this.#options().match === "auto";
  }

  /** The id of the next request. */
  nextId(): number {
    return this.#protocol.hasIds ? this.#ids.next() : 0;
  }

  /** A request has gone out. */
  sent(awaiting: T): void {
    this.#outstanding.set(awaiting.id, awaiting);
    this.#isBehindAnswer = false;
  }

  /** The request has its whole answer. */
  completed({ id }: T): void {
    this.#outstanding.delete(id);
    this.#foreign.drop();
  }

  /** The request got no answer in time. The answer may come late. */
  abandoned({ id }: T): void {
    this.#outstanding.delete(id);
    this.#foreign.drop();
    this.#ids.abandon(id);
  }

  /** A gateway has answered in place of a unit: the unit's answer may come late, in place of another one. */
  owed(): void {
    this.#foreign.owed();
  }

  /** No answer comes any more. */
  clear(): void {
    this.#outstanding.clear();
    this.#foreign.drop();
  }

  /** All bytes that came are matched; `heldBytes`: the length of an incomplete message. */
  caughtUp(heldBytes: number): void {
    if (heldBytes === 0) this.#isBehindAnswer = false;
  }

  /** Says what the device has sent; `atEof`: nothing follows on the link. */
  match(cut: Cut, atEof = false): Match<T> {
    const protocol = this.#protocol;
    if (cut.kind === "junk") {
      const isNoise = cut.harmless || (protocol.unasked === "noise" && !atEof);
      return { kind: isNoise ? "unsolicited" : "suspect", what: cut.reason };
    }
    const { bytes, head } = cut;
    if (head?.upgrade) return { kind: "suspect", what: "the device goes on with another protocol" };
    if (protocol.isEvent?.(bytes)) return { kind: "event", bytes };
    const id = protocol.hasIds ? protocol.idOf(bytes) : 0;
    const to = this.#outstanding.get(id);
    if (to !== undefined) {
      const echo = this.#echo(bytes, to);
      if (echo !== undefined) return echo;
      if (cut.kind === "part" || protocol.isAnswerTo(bytes, to.request)) return this.#answered(to, cut);
    }
    const foreign = this.#judgeForeign(id, cut, to, atEof);
    if (foreign !== undefined) return foreign;
    if (to === undefined) this.#ids.answered(id);
    else if (protocol.isDistorted?.(bytes, to.request)) {
      return { kind: "suspect", what: `an answer that does not fit its request (${shown(bytes)})` };
    }
    return this.#unasked(bytes);
  }

  /** No better answer has come: takes the one that is held, if it still is. */
  settle(): Match<T> | undefined {
    return this.#remembered(this.#foreign.settle());
  }

  /** The answer as it should be. */
  #answered(to: T, cut: MessageCut): Match<T> {
    const { hasIds } = this.#protocol;
    const dropped = hasIds ? this.#foreign.right(to.request.modbus?.unit ?? 0) : undefined;
    if (!to.isEchoed && to.request.reads) this.#habits.notEchoed();
    this.#remember(cut.bytes, to);
    return dropped === undefined
      ? { kind: "answer", to, cut }
      : { kind: "answer", to, cut, dropped: unawaited(dropped) };
  }

  /** What a message is that has no id or unit of a request. */
  #judgeForeign(id: number, cut: MessageCut, to: T | undefined, atEof: boolean): Match<T> | undefined {
    const [oldest] = this.#outstanding.values();
    const asked = to ?? oldest;
    if (asked === undefined || this.#options().match === "strict") return undefined;
    return this.#remembered(this.#foreign.judge(id, cut, asked, this.#outstanding.size > 1, atEof));
  }

  #remembered(match: Match<T> | undefined): Match<T> | undefined {
    if (match?.kind === "answer") this.#remember(match.cut.bytes, match.to);
    return match;
  }

  /** What a message is that equals its request; nothing: the answer, as far as anything shows. Writes are confirmed by what looks like an echo. */
  #echo(bytes: Buffer, to: T): Match<T> | undefined {
    const { echo } = this.#options();
    if (echo === "off" || to.isEchoed || !beginsLike(to.bytes, bytes)) return undefined;
    const isLearned = echo === "strip" || this.#habits.echoes;
    if (!isLearned && !this.#showsEcho(bytes, to)) return undefined;
    to.isEchoed = true;
    return this.#habits.echoed() ? { kind: "echo", learned: ECHOES } : ECHO;
  }

  /** Whether what looks like an echo can be nothing else. The length in the header of a read is that of its echo, not of its answer. */
  #showsEcho(bytes: Buffer, { request, bytes: sent }: T): boolean {
    if (request.modbus === undefined) return false;
    return !this.#protocol.isAnswerTo(bytes, request) || (request.reads && bytes.length < sent.length);
  }

  /** Remembers an answer that could be mistaken for another one if it came again. */
  #remember(answer: Buffer, { request, bytes, isEchoed }: T): void {
    const { unasked } = this.#protocol;
    const isTold = unasked === "told" && !this.#isByOrder;
    if (isTold || unasked === "suspect" || request.signOfLife) return;
    this.#last.remember(answer, request, isEchoed ? NOTHING : bytes);
    this.#isBehindAnswer = true;
  }

  /** What a message is that answers no request. */
  #unasked(bytes: Buffer): Match<T> {
    const isIdle = this.#outstanding.size === 0;
    if (
      isIdle &&
      this.#options().echo === "auto" &&
      this.#habits.mayEcho &&
      this.#last.wasEchoBefore(bytes, this.#protocol)
    ) {
      this.#habits.echoed();
      return { kind: "echo", learned: ECHOES };
    }
    if (isIdle && this.#last.isRepeatedBy(bytes, this.#protocol)) {
      return { kind: "suspect", what: `the last answer once more (${shown(bytes)})` };
    }
    const what = unawaited(bytes);
    if (isIdle && this.#couldBeAnswer(bytes)) return { kind: "suspect", what };
    const { unsolicited } = this.#options();
    if (unsolicited === "broadcast" && this.#protocol.unasked === "messages") return { kind: "event", bytes };
    return { kind: "unsolicited", what };
  }

  /** Whether a message could be the true answer to the last request, or the beginning of many. */
  #couldBeAnswer(bytes: Buffer): boolean {
    const { unasked } = this.#protocol;
    if (unasked === "messages") return this.#isBehindAnswer && !this.#last.isCertain(bytes, this.#protocol);
    return unasked === "suspect";
  }
}

/** Whether a message equals a request, or its beginning: answers are cut where their PDU must end, and so are echoes. */
function beginsLike(request: Buffer, message: Buffer): boolean {
  const { length } = message;
  if (length > request.length || message[length - 1] !== request[length - 1]) return false; // spares most messages the comparison
  return request.compare(message, 0, length, 0, length) === 0;
}
