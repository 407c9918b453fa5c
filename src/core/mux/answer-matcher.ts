import type { Cut, Framing } from "../framing/framing.js";
import type { DeviceHabits } from "./device-habits.js";
import { IdTrust, type Signs } from "./id-trust.js";
import { LastAnswer } from "./last-answer.js";
import type { Telling } from "./link-health.js";
import type { MuxOptions } from "./mux-options.js";
import type { Protocol, Request } from "./protocol.js";
import { RequestIds } from "./request-ids.js";

/** A request on its way: it waits for its answer. */
export interface Awaiting {
  /** The id on the link; 0 where the protocol has none. */
  readonly id: number;
  readonly request: Request;
  /** What has gone out. */
  readonly bytes: Buffer;
  /** Whether it has come back: the adapter hears itself. */
  isEchoed: boolean;
}

/** A message of the device, or a part of one. */
export type MessageCut = Exclude<Cut, { kind: "junk" }>;

/** What a message of the device is. */
export type Match<T> =
  | {
      readonly kind: "answer";
      readonly to: T;
      readonly cut: MessageCut;
      /** What it shows about the device, in words for the log, once. */
      readonly learned?: string;
      /** What was held and is no answer, in words for the log. */
      readonly dropped?: string;
    }
  /** Perhaps the answer, with an id or unit of the device's own: {@link AnswerMatcher.settle} takes it, unless a better one comes. */
  | { readonly kind: "held" }
  /** The echo of a request, which means nothing. */
  | { readonly kind: "echo" }
  /** For all clients. */
  | { readonly kind: "event"; readonly bytes: Buffer }
  /** No request waits for it, and it answers nobody; `what`: in words for the log. */
  | { readonly kind: "unsolicited"; readonly what: string }
  /** The next message could be the answer to anything: the link is of no use any more. */
  | { readonly kind: "suspect"; readonly what: string };

/** A message that is perhaps the answer to the only request. */
interface Candidate<T> {
  readonly to: T;
  readonly signs: Signs;
  readonly cut: MessageCut;
}

const MAX_SHOWN = 32; // bytes of a message in the log
const BY_ORDER = "answers carry ids of their own: matched by order from now on";
const ECHO: Match<never> = { kind: "echo" };
const HELD: Match<never> = { kind: "held" };

/** Decides which outstanding request of one link a message of the device answers (docs/mux.md). */
export class AnswerMatcher<T extends Awaiting> {
  readonly #options: () => MuxOptions;
  readonly #protocol: Protocol;
  readonly #outstanding = new Map<number, T>();
  readonly #ids: RequestIds;
  readonly #habits: DeviceHabits;
  readonly #trust: IdTrust;
  readonly #last = new LastAnswer();
  #candidate: Candidate<T> | undefined;
  /** Whether a message was refused for its id or unit alone, and no right answer has come since. */
  #hasRefused = false;
  /** Whether a late answer may come, in place of another one. */
  #isOwed = false;
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
    this.#trust = new IdTrust(habits);
    this.#protocol = options().protocol;
    this.#ids = new RequestIds(this.#outstanding, firstId, this.#protocol.idCount);
    habits.addLink(this.#ids);
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
    return this.#outstanding.size === 0 && (this.#protocol.unasked === "messages" || this.#habits.byOrder);
  }

  /** Whether perhaps the answer came, and was refused for its id or unit: after a timeout the link is of no use any more. */
  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  /** What tells a late answer from the awaited one. */
  get tells(): Telling {
    if (!this.#protocol.hasIds) return "unit";
    return this.#habits.byOrder ? "nothing" : "id";
  }

  /** How many requests may be outstanding: PIPE, but one where ids do not tell answers, or perhaps do not. */
  get limit(): number {
    return this.#habits.byOrder || this.#habits.areIdsDoubtful ? 1 : this.#options().pipe;
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
    this.#candidate = undefined;
  }

  /** The request got no answer in time. The answer may come late. */
  abandoned({ id }: T): void {
    this.#outstanding.delete(id);
    this.#candidate = undefined;
    this.#ids.abandon(id);
  }

  /** A gateway has answered in place of a unit: the unit's answer may come late, in place of another one. */
  owed(): void {
    this.#isOwed = true;
  }

  /** No answer comes any more. */
  clear(): void {
    this.#outstanding.clear();
    this.#candidate = undefined;
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
      if (this.#isEcho(bytes, to)) return ECHO;
      if (cut.kind === "part" || protocol.isAnswerTo(bytes, to.request)) return this.#answered(to, cut);
    }
    const foreign = this.#foreign(id, cut, atEof);
    if (foreign !== undefined) return foreign;
    if (to === undefined) this.#ids.answered(id);
    else if (protocol.isDistorted?.(bytes, to.request)) return { kind: "suspect", what: unawaited(bytes) };
    return this.#unasked(bytes);
  }

  /** No better answer has come: takes the one that is held, if it still is. */
  settle(): Match<T> | undefined {
    if (this.#candidate === undefined) return undefined;
    const { to, signs, cut } = this.#candidate;
    this.#candidate = undefined;
    return this.#taken(to, signs, cut);
  }

  /** The answer as it should be. */
  #answered(to: T, cut: MessageCut): Match<T> {
    if (this.#protocol.hasIds) this.#trust.right(to.request.modbus?.unit ?? 0);
    this.#hasRefused = false;
    this.#remember(cut.bytes, to);
    const candidate = this.#candidate?.cut.bytes;
    return { kind: "answer", to, cut, ...(candidate !== undefined && { dropped: unawaited(candidate) }) };
  }

  /** The answer with an id or unit of the device's own. */
  #taken(to: T, signs: Signs, cut: MessageCut): Match<T> {
    const habits = this.#habits;
    this.#trust.taken(signs);
    this.#remember(cut.bytes, to);
    if (habits.isTold) return { kind: "answer", to, cut };
    habits.isTold = true;
    return { kind: "answer", to, cut, learned: BY_ORDER };
  }

  /** What a message is that has the function and the shape of an awaited answer, but not its id or unit; nothing: it has neither. */
  #foreign(id: number, cut: MessageCut, atEof: boolean): Match<T> | undefined {
    const { bytes } = cut;
    if (this.#protocol.unitOfFit === undefined || this.#options().match === "strict") return undefined;
    const [only] = this.#outstanding.values();
    const unit = only === undefined ? undefined : this.#protocol.unitOfFit(bytes, only.request);
    if (only === undefined || unit === undefined) return undefined;
    const hasId = id === only.id;
    const signs: Signs = { id, hasId, unit, askedUnit: only.request.modbus?.unit ?? 0 };
    const verdict = this.#trust.judge(signs);
    if (verdict === "known" && this.#outstanding.size === 1) return this.#taken(only, signs, cut);
    if (!hasId && this.#habits.isOurs(id)) return undefined;
    if (this.#candidate !== undefined)
      return { kind: "suspect", what: `a second answer with another id or unit (${shown(bytes)})` };
    if (verdict === "impossible" || this.#isOwed || this.#ids.abandoned > 0 || this.#outstanding.size > 1) {
      this.#hasRefused = true;
      if (this.#outstanding.size > 1 && !this.#trust.isProven) this.#habits.areIdsDoubtful = true;
      return undefined;
    }
    if (atEof) return this.#taken(only, signs, cut);
    this.#candidate = { to: only, signs, cut: { kind: "frame", bytes: Buffer.from(bytes) } };
    return HELD;
  }

  /** Whether a message is the request itself. An echo can look like the confirmation of a write; the echo of a read looks like no answer. */
  #isEcho(bytes: Buffer, to: T): boolean {
    const { echo } = this.#options();
    if (echo === "off" || to.isEchoed || !bytes.equals(to.bytes)) return false;
    if (echo === "auto" && !this.#habits.echoes) {
      if (to.request.modbus === undefined || this.#protocol.isAnswerTo(bytes, to.request)) return false;
      this.#habits.echoes = true;
    }
    to.isEchoed = true;
    return true;
  }

  /** Remembers an answer that could be mistaken for another one if it came again. */
  #remember(answer: Buffer, { request }: T): void {
    const { unasked } = this.#protocol;
    const isTold = unasked === "told" && !this.#habits.byOrder;
    if (isTold || unasked === "suspect" || request.signOfLife) return;
    this.#last.remember(answer, request);
    this.#isBehindAnswer = true;
  }

  /** What a message is that answers no request. */
  #unasked(bytes: Buffer): Match<T> {
    const isIdle = this.#outstanding.size === 0;
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
    if (unasked === "messages") return this.#isBehindAnswer && !this.#last.tells(bytes, this.#protocol);
    return unasked === "suspect";
  }
}

function shown(bytes: Buffer): string {
  return bytes.toString("hex", 0, MAX_SHOWN);
}

function unawaited(bytes: Buffer): string {
  return `an answer that no request waited for (${shown(bytes)})`;
}
