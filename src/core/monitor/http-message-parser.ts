import type { Cut, Framing, HttpHead } from "../framing/framing.js";
import { ANOTHER_PROTOCOL, requestsSeenWithResponses, responsesTo } from "../framing/http-framing.js";
import { HttpConversation } from "./http-conversation.js";
import type { Message, MessageParser } from "./view.js";

/** Bytes of a body that are kept and shown. */
const BODY_SHOWN = 256;
const NOTHING = Buffer.alloc(0);
const SWITCHED: Message = { bytes: NOTHING, note: "another protocol from here on" };

/** A body while it passes: a copy of its beginning, and its length, with the size lines of chunks. */
class Body {
  #length = 0;
  #beginning = NOTHING;

  add(bytes: Buffer): void {
    const room = BODY_SHOWN - this.#beginning.length;
    if (room > 0) this.#beginning = Buffer.concat([this.#beginning, bytes.subarray(0, room)]);
    this.#length += bytes.length;
  }

  /** Takes the body as a message; undefined when there is none. */
  take(): { readonly bytes: Buffer; readonly note: string } | undefined {
    if (this.#length === 0) return undefined;
    const message = { bytes: this.#beginning, note: `body, ${this.#length} bytes` };
    this.#length = 0;
    this.#beginning = NOTHING;
    return message;
  }
}

/** Parses one direction: each head is a message, and each body when it is complete. */
class HttpMessageParser implements MessageParser {
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

  /** Takes what has come of a body that will not be complete. */
  #breakOff(): Message[] {
    const body = this.#body.take();
    return body === undefined ? [] : [{ ...body, junk: "HTTP: a body without its end" }];
  }
}

/** Parses requests, until the server changes to another protocol. */
class RequestParser implements MessageParser {
  readonly #conversation: HttpConversation;
  readonly #http: HttpMessageParser;

  constructor(conversation: HttpConversation) {
    this.#conversation = conversation;
    this.#http = new HttpMessageParser(requestsSeenWithResponses(), ({ method = "" }) =>
      conversation.requestSeen(method),
    );
  }

  push(chunk: Buffer): readonly Message[] {
    if (!this.#conversation.switched) return this.#http.push(chunk);
    const held = this.#http.end(); // the beginning of a head or a body
    return chunk.length === 0 ? held : [...held, { bytes: chunk, junk: ANOTHER_PROTOCOL }];
  }

  end(): readonly Message[] {
    return this.#http.end();
  }
}

/** Parsers for both directions of a connection. They share a conversation: where a response ends depends on its request (RFC 9112, section 6.3). */
export function httpMessageParsers(): { readonly up: MessageParser; readonly down: MessageParser } {
  const conversation = new HttpConversation();
  const responses = responsesTo(() => conversation.responseSeen());
  const down = new HttpMessageParser(responses, ({ upgrade }) => upgrade && conversation.switchProtocol());
  return { up: new RequestParser(conversation), down };
}
