import type { Cut, Framing, HttpHead } from "../framing/framing.js";
import { ANOTHER_PROTOCOL, requestsSeenWithResponses, responsesTo } from "../framing/http-framing.js";
import { HttpExchange } from "./http-exchange.js";
import type { Message, MessageParser } from "./view.js";

/** Of a body, so many bytes are kept and shown. */
const BODY_SHOWN = 256;
const NOTHING = Buffer.alloc(0);
const SWITCHED: Message = { bytes: NOTHING, note: "another protocol from here on" };

/** A body while it passes: its length, and a copy of its beginning. Sizes of chunks count with it. */
class Body {
  #length = 0;
  #beginning = NOTHING;

  add(bytes: Buffer): void {
    const room = BODY_SHOWN - this.#beginning.length;
    if (room > 0) this.#beginning = Buffer.concat([this.#beginning, bytes.subarray(0, room)]);
    this.#length += bytes.length;
  }

  /** The body as a message, and none is there any more; nothing when there was none. */
  take(): { readonly bytes: Buffer; readonly note: string } | undefined {
    if (this.#length === 0) return undefined;
    const message = { bytes: this.#beginning, note: `body, ${this.#length} bytes` };
    this.#length = 0;
    this.#beginning = NOTHING;
    return message;
  }
}

/** One direction: a head is a message, and a body is one when it is complete. */
class HttpSight implements MessageParser {
  readonly #framing: Framing;
  readonly #onHead: (head: HttpHead) => void;
  readonly #body = new Body();

  constructor(framing: Framing, onHead: (head: HttpHead) => void) {
    this.#framing = framing;
    this.#onHead = onHead;
  }

  push(chunk: Buffer): readonly Message[] {
    return this.#read(this.#framing.push(chunk));
  }

  end(): readonly Message[] {
    return [...this.#read(this.#framing.end()), ...this.#breakOff()];
  }

  #read(cuts: readonly Cut[]): Message[] {
    const messages: Message[] = [];
    for (const cut of cuts) {
      if (cut.kind === "junk") messages.push(...this.#breakOff(), { bytes: cut.bytes, junk: cut.reason });
      else if (cut.head !== undefined) messages.push(...this.#readHead(cut.bytes, cut.head));
      else messages.push(...this.#readBody(cut));
    }
    return messages;
  }

  #readHead(bytes: Buffer, head: HttpHead): Message[] {
    this.#onHead(head);
    return head.upgrade ? [{ bytes }, SWITCHED] : [{ bytes }];
  }

  #readBody({ kind, bytes }: Cut): Message[] {
    this.#body.add(bytes);
    const body = kind === "frame" ? this.#body.take() : undefined;
    return body === undefined ? [] : [body];
  }

  /** What has come of a body that will not be complete. */
  #breakOff(): Message[] {
    const body = this.#body.take();
    return body === undefined ? [] : [{ ...body, junk: "HTTP: a body without its end" }];
  }
}

/** Requests, until the server changes to another protocol. */
class RequestSight implements MessageParser {
  readonly #exchange: HttpExchange;
  readonly #http: HttpSight;

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
    this.#http = new HttpSight(requestsSeenWithResponses(), ({ method = "" }) => exchange.asked(method));
  }

  push(chunk: Buffer): readonly Message[] {
    if (!this.#exchange.switched) return this.#http.push(chunk);
    const held = this.#http.end(); // what had come of a head, or of a body
    return chunk.length === 0 ? held : [...held, { bytes: chunk, junk: ANOTHER_PROTOCOL }];
  }

  end(): readonly Message[] {
    return this.#http.end();
  }
}

/** Sights of a connection; where an answer ends depends on the request (RFC 9112, 6.3), so that they must be told of both. */
export function httpMessageParsers(): { readonly up: MessageParser; readonly down: MessageParser } {
  const exchange = new HttpExchange();
  const responses = responsesTo(() => exchange.answered());
  const down = new HttpSight(responses, ({ upgrade }) => upgrade && exchange.switchProtocol());
  return { up: new RequestSight(exchange), down };
}
