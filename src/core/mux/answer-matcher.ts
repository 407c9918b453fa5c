import type { Cut } from "../framing/framing.js";
import { LastAnswer } from "./last-answer.js";
import type { MuxOptions } from "./mux-options.js";
import type { Protocol, Request } from "./protocol.js";
import { RequestIds } from "./request-ids.js";

/** A request on its way: it waits for its answer. */
export interface Awaiting {
  /** The id on the link; 0 where the protocol has none. */
  readonly id: number;
  readonly request: Request;
}

/** A message of the device, or a part of one. */
export type MessageCut = Exclude<Cut, { kind: "junk" }>;

/** What a message of the device is. */
export type Match<T> =
  | { readonly kind: "answer"; readonly to: T; readonly cut: MessageCut }
  /** For all clients. */
  | { readonly kind: "event"; readonly bytes: Buffer }
  /** No request waits for it, and it answers nobody; `what`: in words for the log. */
  | { readonly kind: "unsolicited"; readonly what: string }
  /** The next message could be the answer to anything: the link is of no use any more. */
  | { readonly kind: "suspect"; readonly what: string };

const MAX_SHOWN = 32; // bytes of a message in the log

/** Decides which outstanding request of one link a message of the device answers (docs/mux.md). */
export class AnswerMatcher<T extends Awaiting> {
  readonly #options: () => MuxOptions;
  readonly #protocol: Protocol;
  readonly #outstanding = new Map<number, T>();
  readonly #ids: RequestIds;
  readonly #last = new LastAnswer();
  /** Whether what comes next has come right behind an answer. */
  #isBehindAnswer = false;

  /**
   * @param options a reload may change them, but not the protocol
   * @param firstId the id before the first one: a random one makes the ids of two links differ
   */
  constructor(options: () => MuxOptions, firstId: number) {
    this.#options = options;
    this.#protocol = options().protocol;
    this.#ids = new RequestIds(this.#outstanding, firstId);
  }

  /** Number of requests that wait for their answer. */
  get size(): number {
    return this.#outstanding.size;
  }

  /** The requests that wait for their answer, the oldest first. */
  get outstanding(): Iterable<T> {
    return this.#outstanding.values();
  }

  /** Whether any byte that comes now makes the link suspect. */
  get distrustsBytes(): boolean {
    return this.#outstanding.size === 0 && this.#protocol.unasked === "suspect";
  }

  /** Whether half a message that has come must end before the next request goes out: its end would be the beginning of the answer. */
  get awaitsEnd(): boolean {
    return this.#outstanding.size === 0 && this.#protocol.unasked === "messages";
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
  }

  /** The request got no answer in time. The answer may come late. */
  abandoned({ id }: T): void {
    this.#outstanding.delete(id);
    this.#ids.abandon(id);
  }

  /** No answer comes any more. */
  clear(): void {
    this.#outstanding.clear();
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
    if (to === undefined) {
      this.#ids.answered(id);
      return this.#unasked(bytes);
    }
    if (cut.kind === "part" || protocol.isAnswerTo(bytes, to.request)) {
      if (!protocol.hasIds) this.#remember(bytes, to.request);
      return { kind: "answer", to, cut };
    }
    return protocol.isDistorted?.(bytes, to.request)
      ? { kind: "suspect", what: unawaited(bytes) }
      : this.#unasked(bytes);
  }

  #remember(answer: Buffer, request: Request): void {
    const { unasked } = this.#protocol;
    if (unasked === "told" || unasked === "suspect" || request.signOfLife) return;
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
