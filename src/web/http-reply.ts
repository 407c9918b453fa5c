import type { IncomingMessage, ServerResponse } from "node:http";
import { printable, printableJson } from "../core/parse/text.js";
import { ReplyStream } from "../sockets/reply-stream.js";

/** The reply to a request: a whole body, or a long report in pieces, which are made as the reader takes them. */
export type HttpReply = {
  readonly status: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends behind it. */
  readonly isLast?: true;
} & ({ readonly body: Buffer | string } | { readonly pieces: Iterable<string> });

/** A reply with one line of text that says what is wrong. */
export function errorPage(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return { status, headers, type: "text/plain; charset=utf-8", body: `${printable(reason)}\n` };
}

/** A reply with a JSON object. */
export function jsonReply(value: object): HttpReply {
  return { status: 200, type: "application/json", body: `${printableJson(value)}\n` };
}

/**
 * Sends a reply; to HEAD only its headers. The connection ends behind the reply to a request whose body nobody has read: Node.js would take
 * all of it, however long it is.
 *
 * @param fault called when a piece cannot be made
 */
export function sendReply(reply: HttpReply, response: ServerResponse, fault: (error: unknown) => void): void {
  const last = (reply.isLast || hasBodyLeft(response.req)) && { Connection: "close" };
  const headers = { ...reply.headers, ...last, "Content-Type": reply.type };
  if ("body" in reply) {
    response.writeHead(reply.status, { ...headers, "Content-Length": Buffer.byteLength(reply.body) }).end(reply.body);
    return;
  }
  response.writeHead(reply.status, headers);
  if (response.req.method === "HEAD") response.end();
  else sendPieces(reply.pieces, response, fault);
}

/** Whether more of a request is to come: one without a length and without chunks has no body (RFC 9112, section 6.3). */
function hasBodyLeft({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0);
}

function sendPieces(pieces: Iterable<string>, response: ServerResponse, fault: (error: unknown) => void): void {
  const reader = {
    get unsent() {
      return response.writableLength;
    },
    write: (text: string): void => void response.write(text, () => stream.resume()),
    finished: () => void response.end(),
    fault,
  };
  const stream = new ReplyStream(pieces, reader);
  response.on("close", () => stream.cancel());
}
