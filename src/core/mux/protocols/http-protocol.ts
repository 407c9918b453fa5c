import type { HttpHead } from "../../framing/framing.js";
import { http as httpFraming } from "../../framing/http-framing.js";
import { tokensOf } from "../../framing/http-head.js";
import { printable } from "../../parse/text.js";
import type { Failure, Protocol } from "../protocol.js";

/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** Fields that are for one connection only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "upgrade"];
/** Fields without which nobody knows where a message ends, or for whom it is: Connection cannot take them away. */
const KEPT = new Set(["content-length", "transfer-encoding", "host"]);
const HEAD = "HEAD ";
const [LF, CR] = [0x0a, 0x0d];
const CLOSE = ["Connection: close"];
const GO_AHEAD = "HTTP/1.1 100 Continue\r\n\r\n";

const STATUS_OF: Readonly<Record<Failure, string>> = {
  "no answer": "504 Gateway Timeout",
  "link lost": "502 Bad Gateway",
  "no path": "502 Bad Gateway",
  "queue full": "503 Service Unavailable",
};

const REASON_OF: Readonly<Record<Failure, string>> = {
  "no answer": "the server did not answer in time",
  "link lost": "the server closed the connection without an answer",
  "no path": "the server cannot be reached",
  "queue full": "too many requests of this client wait already",
};

/** A whole response of our own. */
function response(status: string, reason: string, fields: readonly string[], withBody = true): Buffer {
  const body = `${reason}\n`;
  const head = [`HTTP/1.1 ${status}`, "Content-Type: text/plain", `Content-Length: ${body.length}`, ...fields, "", ""];
  return Buffer.from(head.join("\r\n") + (withBody ? body : ""));
}

function field(head: HttpHead, wanted: string): string[] {
  return head.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

/** A head without the fields that are for one connection only, and with these instead. */
function forNextHop(bytes: Buffer, head: HttpHead, without: readonly string[], fields: readonly string[]): Buffer {
  const named = field(head, "connection").flatMap(tokensOf);
  const dropped = new Set([...without, ...named.filter((name) => !KEPT.has(name))]);
  const [start = "", ...lines] = bytes
    .toString("latin1")
    .trim()
    .split(/\r?\n(?![ \t])/);
  const kept = lines.filter((line) => !dropped.has(line.slice(0, line.indexOf(":")).toLowerCase()));
  return Buffer.from([start, ...kept, ...fields, "", ""].join("\r\n"), "latin1");
}

/** Where the body of a message begins: behind the first empty line, whose lines may end in LF alone (RFC 9112, 2.2). */
function bodyBegin(message: Buffer): number {
  let at = 0;
  while (message[at] === CR || message[at] === LF) at += 1; // empty lines before the message
  for (at = message.indexOf(LF, at); at >= 0; at = message.indexOf(LF, at + 1)) {
    if (message[at + 1] === LF) return at + 2;
    if (message[at + 1] === CR && message[at + 2] === LF) return at + 3;
  }
  return message.length;
}

function waitsForGoAhead(head: HttpHead): boolean {
  return head.version === "1.1" && field(head, "expect").some((value) => value.toLowerCase() === "100-continue");
}

/**
 * HTTP/1.1 (RFC 9110, RFC 9112) without TLS or other protocols on top. Both connections live as long as they will: a client that
 * closes its one does not close the one to the server.
 */
export const http: Protocol = {
  framing: httpFraming,
  ids: false,
  tellsUnsolicited: false,
  tellsFailures: true,
  understand(message, head) {
    if (head === undefined) return { kind: "error", reason: "a message without a head" };
    if (head.upgrade) {
      const reason = "CONNECT, Upgrade and WebSocket are not served here";
      return { kind: "error", reason, bytes: response("501 Not Implemented", reason, CLOSE) };
    }
    const bodyAt = bodyBegin(message);
    const start = forNextHop(message.subarray(0, bodyAt), head, [...HOP_BY_HOP, "expect"], []);
    const bytes = Buffer.concat([start, message.subarray(bodyAt)]);
    const reads = SAFE.has(head.method ?? "");
    // HTTP/1.0 keeps a connection only where both sides say so; it is not worth saying
    const old = head.version === "1.0";
    const last = !head.keepAlive || old;
    const hasBody = bodyAt < message.length;
    const endsLink = hasBody || old; // many a device does not read the bodies it does not need: it takes them for requests
    return { kind: "request", request: { bytes, reads, ...(last && { last }), ...(endsLink && { endsLink }) } };
  },
  malformed: (reason, tooLong) =>
    response(tooLong ? "413 Content Too Large" : "400 Bad Request", printable(reason), CLOSE),
  goAhead: (head) => (waitsForGoAhead(head) ? Buffer.from(GO_AHEAD) : undefined),
  stamp: ({ bytes }) => bytes,
  idOf: () => 0,
  fits: () => true,
  restore(cut, { last }) {
    if (cut.kind === "junk" || cut.head === undefined) return Buffer.from(cut.bytes);
    const interim = (cut.head.status ?? 0) < 200;
    return forNextHop(cut.bytes, cut.head, HOP_BY_HOP, last && !interim ? CLOSE : []);
  },
  endsLink: (head) => !head.keepAlive,
  failure({ bytes, last }, why) {
    return response(
      STATUS_OF[why],
      REASON_OF[why],
      last ? CLOSE : [],
      bytes.toString("latin1", 0, HEAD.length) !== HEAD,
    );
  },
};
