import { ByteTail } from "../collections/byte-tail.js";
import { ok, type Result } from "../parse/result.js";
import type { Cut, Framing, FramingKind, HttpHead } from "./framing.js";
import { type Body, type HttpMessage, type RawHead, readRequest, readResponse } from "./http-head.js";
import { HEAD_MAX, type HttpEvents, HttpParser } from "./http-parser.js";

/** Where the stream is in a message. */
type Place =
  | { readonly kind: "head" }
  /** @property endsWithStream whether the body ends with the stream */
  | { readonly kind: "body"; readonly endsWithStream: boolean; readonly upgrade: boolean }
  /** All further bytes are junk. */
  | { readonly kind: "lost"; readonly reason: string };

const HEAD: Place = { kind: "head" };
/** Why bytes do not belong to HTTP. */
export const ANOTHER_PROTOCOL = "HTTP: another protocol since CONNECT or Upgrade";
const UPGRADED: Place = { kind: "lost", reason: ANOTHER_PROTOCOL };
const NOTHING = Buffer.alloc(0);

class HttpFraming implements Framing, HttpEvents {
  readonly #parser: HttpParser;
  readonly #read: (raw: RawHead) => Result<HttpMessage>;
  /** The beginning of a head. */
  readonly #tail = new ByteTail();
  #place: Place = HEAD;
  #chunk: Buffer = NOTHING;
  /** The index in the chunk of the first byte that is not cut yet. */
  #from = 0;
  #cuts: Cut[] = [];

  constructor(type: "REQUEST" | "RESPONSE", read: (raw: RawHead) => Result<HttpMessage>) {
    this.#parser = new HttpParser(type, this);
    this.#read = read;
  }

  get held(): number {
    return this.#tail.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    if (chunk.length === 0) return [];
    this.#chunk = chunk;
    this.#from = 0;
    if (this.#place.kind !== "lost") this.#run(chunk);
    if (this.#place.kind === "lost") this.#discard(this.#place.reason);
    else if (this.#place.kind === "body") this.#part(chunk.length);
    else this.#tail.append(chunk.subarray(this.#from));
    const cuts = this.#cuts;
    this.#cuts = [];
    this.#chunk = NOTHING;
    return cuts;
  }

  end(): readonly Cut[] {
    if (this.#place.kind === "body" && this.#place.endsWithStream) {
      this.#place = HEAD;
      return [{ kind: "frame", bytes: NOTHING }];
    }
    const bytes = this.#tail.take();
    if (bytes.length === 0) return [];
    return [{ kind: "junk", bytes, reason: `HTTP: the stream ended after ${bytes.length} bytes of a head` }];
  }

  /** Called by the parser. */
  head(raw: RawHead, offset: number): Body {
    const message = this.#read(raw);
    if (!message.ok) throw new Error(`HTTP: ${message.message}`);
    const { head, body } = message.value;
    if (this.#place.kind === "lost") return body; // the parser reads the chunk to its end, but the bytes are not HTTP any more
    this.#cut(body.kind === "none" ? "frame" : "part", offset, head);
    if (body.kind === "none") this.#place = head.upgrade ? UPGRADED : HEAD;
    else if (body.kind !== "interim")
      this.#place = { kind: "body", endsWithStream: body.kind === "until-end", upgrade: head.upgrade };
    return body;
  }

  /** Called by the parser. */
  complete(offset: number): void {
    if (this.#place.kind !== "body") return;
    this.#cut("frame", offset);
    this.#place = this.#place.upgrade ? UPGRADED : HEAD;
  }

  #run(chunk: Buffer): void {
    const error = this.#parser.read(chunk);
    if (error === undefined || this.#place.kind === "lost") return;
    if (this.#place.kind === "body") this.#part(this.#parser.offset);
    this.#place = { kind: "lost", reason: error };
  }

  #part(end: number): void {
    if (end > this.#from) this.#cut("part", end);
  }

  #cut(kind: "frame" | "part", end: number, head?: HttpHead): void {
    const bytes = this.#tail.takeWith(this.#chunk.subarray(this.#from, end));
    this.#cuts.push(head === undefined ? { kind, bytes } : { kind, bytes, head });
    this.#from = end;
  }

  #discard(reason: string): void {
    const bytes = this.#tail.takeWith(this.#chunk.subarray(this.#from));
    if (bytes.length > 0) this.#cuts.push({ kind: "junk", bytes, reason });
  }
}

/** The method of a request. Empty lines before the request do not count (RFC 9112, 2.2). */
function methodOf(request: Buffer | undefined): string | undefined {
  if (request === undefined) return undefined;
  let begin = 0;
  while (request[begin] === 0x0d || request[begin] === 0x0a) begin += 1;
  return /^[A-Z-]+(?= )/.exec(request.toString("latin1", begin, begin + 32))?.[0];
}

/** Responses: the first final response answers the request. The requests of the following ones are not known. */
function responses(request: Buffer | undefined): Framing {
  let method = methodOf(request);
  return responsesTo(() => {
    const first = method;
    method = undefined;
    return first;
  });
}

/**
 * Cuts the responses to several requests.
 *
 * @param nextMethod called once for each final response: returns the method of its request, if known
 */
export function responsesTo(nextMethod: () => string | undefined): Framing {
  const isInterim = (status = 0): boolean => status < 200 && status !== 101;
  return new HttpFraming("RESPONSE", (raw) => readResponse(raw, isInterim(raw.status) ? undefined : nextMethod()));
}

/**
 * Cuts the requests of a connection whose responses are cut, too: the responses say whether another protocol follows. A request for another
 * protocol (CONNECT, Upgrade) is like other requests here, because the server may reject it.
 */
export function requestsSeenWithResponses(): Framing {
  return new HttpFraming("REQUEST", (raw) => {
    const message = readRequest(raw);
    return message.ok ? ok({ ...message.value, head: { ...message.value.head, upgrade: false } }) : message;
  });
}

/** HTTP/1.0 and HTTP/1.1 (RFC 9112). */
export const httpFraming: FramingKind = {
  name: "http",
  maxHeld: HEAD_MAX,
  requests: () => new HttpFraming("REQUEST", readRequest),
  answers: responses,
};
