import { HTTPParser } from "http-parser-js";
import { printable } from "../parse/text.js";
import type { Body, RawHead } from "./http-head.js";

/** The most bytes of a head, of the lines behind a chunked body, and of a line that tells the size of a chunk. */
export const HEAD_MAX = 65_536;
const CHUNK_LINE_MAX = 4096;
const LF = 0x0a;
const SHOWN = 60;

/** What the parser of the package is, where we rely on more of it than its types tell. */
interface PackageParser {
  state: "REQUEST_LINE" | "RESPONSE_LINE" | "HEADER" | "BODY_CHUNKHEAD" | "BODY_CHUNKEMPTYLINE" | "BODY_CHUNKTRAILERS";
  /** The beginning of a line that has come without its end. */
  line: string;
  readonly chunk: Buffer;
  offset: number;
  isChunked: boolean;
  /** Bytes of the body still to come; null when the body goes on until the end. */
  body_bytes: number | null;
  execute(chunk: Buffer): number | Error;
}
interface PackageHead {
  readonly method?: number;
  readonly statusCode?: number;
  readonly versionMinor: number;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  /** Whether the package stops behind this head, if there is no body, and leaves the rest of the chunk alone. */
  upgrade: boolean;
}
const PackageParser = HTTPParser as unknown as new (type: "REQUEST" | "RESPONSE") => PackageParser;
// Its own limit counts bytes of bodies too, and is taken from here for every message anew; lines are limited below.
HTTPParser.maxHeaderSize = Number.POSITIVE_INFINITY;

/** Told what is found. Offsets are places in the chunk: where the head, or the message, ends. */
export interface HttpEvents {
  /** Decides what follows the head; throws an error that says in words why it cannot. */
  head(head: RawHead, offset: number): Body;
  complete(offset: number): void;
}

/**
 * The parser of the package, made strict. It reads lines by one method, which is replaced: here each line is held against the
 * grammar of RFC 9112 and against a limit before the parser sees it. (Left alone, it passes over headers it does not understand,
 * takes `0x10` and nothing at all for sizes of chunks, and steps back, for ever, at a negative size.)
 */
export class HttpParser extends PackageParser {
  readonly #events: HttpEvents;
  /** Bytes of the section at hand (head, size of a chunk …) that have been read. */
  #used = 0;

  constructor(type: "REQUEST" | "RESPONSE", events: HttpEvents) {
    super(type);
    this.#events = events;
  }

  /** Reads a chunk; returns what is wrong, if anything is: `offset` is where it was found then. */
  read(chunk: Buffer): string | undefined {
    try {
      const outcome = this.execute(chunk);
      return typeof outcome === "number" ? undefined : wordsOf(outcome);
    } catch (error) {
      return wordsOf(error); // from one of our own methods
    }
  }

  /** Called by the package: the next line without its end; nothing when its end has not come. */
  consumeLine(): string | undefined {
    const { state, offset } = this;
    const lf = this.chunk.indexOf(LF, offset);
    const end = lf < 0 ? this.chunk.length : lf + 1;
    const room = limitOf(state) - this.#used;
    if (end - offset > room) {
      this.offset = offset + room; // however the bytes came in chunks
      throw new Error(`${sectionOf(state)} of more than ${limitOf(state)} bytes`);
    }
    this.#used += end - offset;
    this.offset = end;
    this.line += this.chunk.toString("latin1", offset, lf < 0 ? end : lf);
    if (lf < 0) return undefined;
    const hasCr = this.line.endsWith("\r");
    const line = hasCr ? this.line.slice(0, -1) : this.line;
    this.line = "";
    const denialReason = objectionTo(state, line, hasCr);
    if (denialReason !== undefined) throw new Error(`${denialReason}, not "${printable(line.slice(0, SHOWN))}"`);
    const goesOn = state === "BODY_CHUNKTRAILERS" || state === "HEADER" ? line !== "" : state.endsWith("_LINE");
    if (!goesOn) this.#used = 0;
    return line;
  }

  /** Called by the package; what it returns: whether there is no body. */
  [HTTPParser.kOnHeadersComplete](info: PackageHead): boolean {
    const headers: [string, string][] = [];
    for (let at = 0; at + 1 < info.headers.length; at += 2)
      headers.push([info.headers[at] ?? "", info.headers[at + 1] ?? ""]);
    const method = info.method === undefined ? undefined : HTTPParser.methods[info.method];
    const { statusCode: status, versionMinor: minorVersion } = info;
    const body = this.#events.head({ method, status, minorVersion, headers }, this.offset);
    info.upgrade = false; // whoever reads on decides: however the bytes came in chunks
    this.isChunked = body.kind === "chunked";
    this.body_bytes = body.kind === "sized" ? body.length : null;
    return body.kind === "none" || body.kind === "interim";
  }

  /** Called by the package. */
  [HTTPParser.kOnMessageComplete](): void {
    this.#events.complete(this.offset);
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return `HTTP: ${error}`;
  const { code } = error as Error & { readonly code?: string };
  if (code === undefined) return error.message;
  return code === "HPE_UNEXPECTED_CONTENT_LENGTH" ? "HTTP: Content-Length twice, and not the same" : `HTTP: ${code}`;
}

type State = PackageParser["state"];

function limitOf(state: State): number {
  if (state === "BODY_CHUNKHEAD") return CHUNK_LINE_MAX;
  return state === "BODY_CHUNKEMPTYLINE" ? 2 : HEAD_MAX;
}

function sectionOf(state: State): string {
  if (state === "BODY_CHUNKHEAD") return "HTTP: line with the size of a chunk";
  if (state === "BODY_CHUNKEMPTYLINE") return "HTTP: line behind a chunk";
  return state === "BODY_CHUNKTRAILERS" ? "HTTP trailers" : "HTTP head";
}

/** Why a line is not what the state calls for; nothing when it is. A line may end in LF alone where RFC 9112, 2.2 allows it. */
function objectionTo(state: State, line: string, hasCr: boolean): string | undefined {
  switch (state) {
    case "REQUEST_LINE": {
      if (line === "") return undefined; // RFC 9112, 2.2
      const method = /^([A-Z-]+) [\x21-\x7e\x80-\xff]+ HTTP\/1\.[01]$/.exec(line)?.[1];
      if (method === undefined) return "HTTP: a line such as GET / HTTP/1.1 is wanted";
      return HTTPParser.methods.includes(method) ? undefined : "HTTP: a known method is wanted";
    }
    case "RESPONSE_LINE":
      if (line === "" || /^HTTP\/1\.[01] [1-9]\d\d(?: [^\0\r]*)?$/.test(line)) return undefined;
      return "HTTP: a line such as HTTP/1.1 200 OK is wanted";
    case "HEADER":
    case "BODY_CHUNKTRAILERS":
      // no space before the colon (RFC 9112, 5.1), no line that continues another (5.2), no bare CR (2.2)
      if (line === "" || /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r]*$/.test(line)) return undefined;
      return "HTTP: a header (Name: value) is wanted";
    case "BODY_CHUNKHEAD":
      if (hasCr && /^[0-9A-Fa-f]{1,13}[ \t]*(?:;[^\0\r]*)?$/.test(line)) return undefined; // 13 digits: still exact
      return "HTTP: the size of a chunk in hexadecimal is wanted";
    case "BODY_CHUNKEMPTYLINE":
      return hasCr && line === "" ? undefined : "HTTP: CR LF is wanted behind a chunk";
  }
}
