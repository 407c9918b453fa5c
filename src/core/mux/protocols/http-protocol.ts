import type { HttpHead } from "../../framing/framing.js";
import { httpFraming } from "../../framing/http-framing.js";
import { endOfHead, tokensOf } from "../../framing/http-head.js";
import { printable } from "../../parse/text.js";
import type { Failure, MessageFault, Protocol } from "../protocol.js";

/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** Fields that hold for one connection only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "upgrade"];
/** Fields that say where a message ends and for which host it is: a Connection field cannot remove them. */
const KEPT = new Set(["content-length", "transfer-encoding", "host"]);
const HEAD = "HEAD ";
const [LF, CR] = [0x0a, 0x0d];
const CLOSE = ["Connection: close"];
const GO_AHEAD = "HTTP/1.1 100 Continue\r\n\r\n";

const STATUS_OF: Readonly<Record<Failure, string>> = {
  "no answer": "504 Gateway Timeout",
  "unit silent": "504 Gateway Timeout",
  "link lost": "502 Bad Gateway",
  "no path": "502 Bad Gateway",
  "queue full": "503 Service Unavailable",
};

const REASON_OF: Readonly<Record<Failure, string>> = {
  "no answer": "the server did not answer in time",
  "unit silent": "the server does not answer",
  "link lost": "the server closed the connection without an answer",
  "no path": "the server cannot be reached",
  "queue full": "too many requests of this client wait already",
};

const STATUS_OF_FAULT: Readonly<Record<MessageFault, string>> = {
  malformed: "400 Bad Request",
  "too-long": "413 Content Too Large",
  stalled: "408 Request Timeout",
};

/** A complete response that the mux itself sends. */
function response(status: string, reason: string, fields: readonly string[], withBody = true): Buffer {
  const body = `${reason}\n`;
  const head = [`HTTP/1.1 ${status}`, "Content-Type: text/plain", `Content-Length: ${body.length}`, ...fields, "", ""];
  return Buffer.from(head.join("\r\n") + (withBody ? body : ""));
}

function field(head: HttpHead, wanted: string): string[] {
  return head.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

/**
 * A head for the next connection: without hop-by-hop fields, and with others added.
 *
 * @param without names of the fields to leave out, in lower case
 * @param fields whole lines to add
 */
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

/** The index of the first byte of the body. */
function bodyBegin(message: Buffer): number {
  let at = 0;
  while (message[at] === CR || message[at] === LF) at += 1; // empty lines before the message
  return endOfHead(message, at) ?? message.length;
}

function waitsForGoAhead(head: HttpHead): boolean {
  return head.version === "1.1" && field(head, "expect").some((value) => value.toLowerCase() === "100-continue");
}

/**
 * HTTP/1.1 (RFC 9110, RFC 9112) without other protocols on top. The connections of the client and to the device live
 * independently: a client that closes its connection does not close the connection to the device.
 */
export const httpProtocol: Protocol = {
  framing: httpFraming,
  deviceFraming: httpFraming,
  hasIds: false,
  clientsHaveIds: false,
  unasked: "suspect",
  hasFailureReply: true,
  interpret(message, head) {
    if (head === undefined) return { kind: "error", reason: "a message without a head" };
    if (head.upgrade) {
      const reason = "CONNECT, Upgrade and WebSocket are not served here";
      return { kind: "error", reason, bytes: response("501 Not Implemented", reason, CLOSE) };
    }
    const bodyAt = bodyBegin(message);
    const start = forNextHop(message.subarray(0, bodyAt), head, [...HOP_BY_HOP, "expect"], []);
    const bytes = Buffer.concat([start, message.subarray(bodyAt)]);
    const reads = SAFE.has(head.method ?? "");
    // HTTP/1.0 keeps a connection only where both sides ask for it (RFC 9112, C.2.2); the mux does not ask
    const old = head.version === "1.0";
    const closesClient = !head.keepAlive || old;
    const hasBody = bodyAt < message.length;
    const closesConnection = hasBody || old; // many devices do not read bodies that they do not need: they take them for requests
    return {
      kind: "request",
      request: { bytes, reads, ...(closesClient && { closesClient }), ...(closesConnection && { closesConnection }) },
    };
  },
  malformedReply: (reason, fault) => response(STATUS_OF_FAULT[fault], printable(reason), CLOSE),
  continueReply: (head) => (waitsForGoAhead(head) ? Buffer.from(GO_AHEAD) : undefined),
  withId: ({ bytes }) => bytes,
  idOf: () => 0,
  isAnswerTo: () => true,
  forClient(cut, { closesClient }) {
    if (cut.kind === "junk" || cut.head === undefined) return Buffer.from(cut.bytes);
    const interim = (cut.head.status ?? 0) < 200;
    return forNextHop(cut.bytes, cut.head, HOP_BY_HOP, closesClient && !interim ? CLOSE : []);
  },
  closesConnection: (head) => !head.keepAlive,
  sawNoRequest: ({ status, keepAlive }) => status === 408 && !keepAlive,
  failureReply({ bytes, closesClient }, why) {
    return response(
      STATUS_OF[why],
      REASON_OF[why],
      closesClient ? CLOSE : [],
      bytes.toString("latin1", 0, HEAD.length) !== HEAD,
    );
  },
};
