import type { Cut } from "../framing/framing.js";
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
  readonly #protocol: Protocol;
  readonly #outstanding = new Map<number, T>();
  readonly #ids: RequestIds;

  /** @param firstId the id before the first one: a random one makes the ids of two links differ */
  constructor(protocol: Protocol, firstId: number) {
    this.#protocol = protocol;
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

  /** Whether bytes that come now, even half a message, make the link suspect. */
  get distrustsBytes(): boolean {
    return this.#outstanding.size === 0 && !this.#protocol.recognizesUnsolicited;
  }

  /** The id of the next request. */
  nextId(): number {
    return this.#protocol.hasIds ? this.#ids.next() : 0;
  }

  /** A request has gone out. */
  sent(awaiting: T): void {
    this.#outstanding.set(awaiting.id, awaiting);
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

  /** Says what the device has sent. */
  match(cut: Cut): Match<T> {
    if (cut.kind === "junk") return { kind: cut.harmless ? "unsolicited" : "suspect", what: cut.reason };
    const protocol = this.#protocol;
    const { bytes, head } = cut;
    if (head?.upgrade) return { kind: "suspect", what: "the device goes on with another protocol" };
    if (protocol.isEvent?.(bytes)) return { kind: "event", bytes };
    const id = protocol.hasIds ? protocol.idOf(bytes) : 0;
    const to = this.#outstanding.get(id);
    if (to !== undefined && (cut.kind === "part" || protocol.isAnswerTo(bytes, to.request))) {
      return { kind: "answer", to, cut };
    }
    const what = `an answer that no request waited for (${bytes.toString("hex", 0, MAX_SHOWN)})`;
    if (to === undefined) this.#ids.answered(id);
    const isSuspect = to === undefined ? !protocol.recognizesUnsolicited : protocol.isDistorted?.(bytes, to.request);
    return { kind: isSuspect ? "suspect" : "unsolicited", what };
  }
}
