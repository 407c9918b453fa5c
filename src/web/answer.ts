import type { ServerResponse } from "node:http";
import { printable } from "../core/parse/text.js";
import { ReplyStream } from "../sockets/reply-stream.js";

/** What a request is answered with: a text or a file, or a report that is made as the reader takes it. */
export type Answer = { readonly status: number; readonly type: string } & (
  | { readonly body: Buffer | string }
  | { readonly pieces: Iterable<string> }
);

/** An answer that says why there is no other. */
export function refusal(status: number, why: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${printable(why)}\n` };
}

/**
 * Sends an answer, or to HEAD its headers.
 *
 * @param fault called when it cannot be made
 */
export function send(answer: Answer, response: ServerResponse, fault: (error: unknown) => void): void {
  const headers = { "Content-Type": answer.type };
  if ("body" in answer) {
    response
      .writeHead(answer.status, { ...headers, "Content-Length": Buffer.byteLength(answer.body) })
      .end(answer.body);
    return;
  }
  response.writeHead(answer.status, headers);
  if (response.req.method === "HEAD") {
    response.end();
    return;
  }
  const reader = {
    get unsent() {
      return response.writableLength;
    },
    write: (text: string): void => void response.write(text, () => reply.resume()),
    finished: () => void response.end(),
    fault,
  };
  const reply = new ReplyStream(answer.pieces, reader);
  response.on("close", () => reply.cancel());
}
