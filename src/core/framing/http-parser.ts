import { HTTPParser } from "http-parser-js";
import { printable } from "../parse/text.js";
import type { Body, RawHead } from "./http-head.js";

/** Most bytes of a head, and of the trailers behind a chunked body. */
export const HEAD_MAX = 65_536;
/** Most bytes of a line with the size of a chunk. */
const CHUNK_LINE_MAX = 4096;
const LF = 0x0a;
const SHOWN = 60; // characters of a wrong line in an error

/** The parser of the package http-parser-js: this code relies on more of it than its types say. */
interface PackageParser {
  state: "REQUEST_LINE" | "RESPONSE_LINE" | "HEADER" | "BODY_CHUNKHEAD" | "BODY_CHUNKEMPTYLINE" | "BODY_CHUNKTRAILERS";
  /** The beginning of an incomplete line. */
  line: string;
  readonly chunk: Buffer;
  offset: number;
  isChunked: boolean;
  /** Bytes of the body still to come; null: the body ends with the stream. */
  body_bytes: number | null;
  execute(chunk: Buffer): number | Error;
}
interface PackageHead {
  readonly method?: number;
  readonly statusCode?: number;
  readonly versionMinor: number;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  /** Whether the package stops behind this head where there is no body, and leaves the rest of the chunk. */
  upgrade: boolean;
}
const PackageParser = HTTPParser as unknown as new (type: "REQUEST" | "RESPONSE") => PackageParser;
// The limit of the package counts bytes of bodies, too. The limits below replace it.
HTTPParser.maxHeaderSize = Number.POSITIVE_INFINITY;

/** Told what the parser finds. An offset is the index in the chunk behind the head, or behind the message. */
export interface HttpEvents {
  /** Returns the body that follows the head. Throws an error whose message says why the head is not acceptable. */
  head(head: RawHead, offset: number): Body;
  complete(offset: number): void;
}

/**
 * The parser of the package, made strict. The package reads lines with one method. Here that method checks each line against the grammar
 * of RFC 9112 and against a limit before the parser sees it. Without this check the package skips headers that it does not understand,
 * accepts `0x10` and an empty line as sizes of chunks, and loops for ever at a negative size.
 */
export class HttpParser extends PackageParser {
  readonly #events: HttpEvents;
  /** Bytes read of the current section: of the head, of the line with the size of a chunk, … */
  #used = 0;

  constructor(type: "REQUEST" | "RESPONSE", events: HttpEvents) {
    super(type);
    this.#events = events;
  }

  /** Reads a chunk. Returns what is wrong with it, at {@link offset}; undefined when nothing is. */
  read(chunk: Buffer): string | undefined {
    try {
      const outcome = this.execute(chunk);
      return typeof outcome === "number" ? undefined : wordsOf(outcome);
    } catch (error) {
      return wordsOf(error); // thrown by a method of this class
    }
  }

  /** Called by the package: returns the next line without its end; undefined when the line is incomplete. */
  consumeLine(): string | undefined {
    const { state, offset } = this;
    const lf = this.chunk.indexOf(LF, offset);
    const end = lf < 0 ? this.chunk.length : lf + 1;
    const room = limitOf(state) - this.#used;
    if (end - offset > room) {
      this.offset = offset + room; // the same for all divisions into chunks
      throw new Error(`${sectionOf(state)} of more than ${limitOf(state)} bytes`);
    }
    this.#used += end - offset;
    this.offset = end;
    this.line += this.chunk.toString("latin1", offset, lf < 0 ? end : lf);
    if (lf < 0) return undefined;
    const hasCr = this.line.endsWith("\r");
    const line = hasCr ? this.line.slice(0, -1) : this.line;
    this.line = "";
    const error = errorIn(state, line, hasCr);
    if (error !== undefined) {
      this.offset = end - 1; // the LF belongs to nothing: who waits for the rest of a body hears at once that there is none
      throw new Error(`${error}, not "${printable(line.slice(0, SHOWN))}"`);
    }
    const continues = state === "BODY_CHUNKTRAILERS" || state === "HEADER" ? line !== "" : state.endsWith("_LINE");
    if (!continues) this.#used = 0;
    return line;
  }

  /** Called by the package. Returns whether there is no body. */
  [HTTPParser.kOnHeadersComplete](info: PackageHead): boolean {
    const headers: [string, string][] = [];
    for (let at = 0; at + 1 < info.headers.length; at += 2)
      headers.push([info.headers[at] ?? "", info.headers[at + 1] ?? ""]);
    const method = info.method === undefined ? undefined : HTTPParser.methods[info.method];
    const { statusCode: status, versionMinor: minorVersion } = info;
    const body = this.#events.head({ method, status, minorVersion, headers }, this.offset);
    info.upgrade = false; // the caller handles upgrades: the package would handle them differently for each division into chunks
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

/** What is wrong with a line in this state; undefined when nothing is. A line may end with LF alone where RFC 9112, 2.2 allows it. */
function errorIn(state: State, line: string, hasCr: boolean): string | undefined {
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
      // RFC 9112: no space before the colon (5.1), no continuation of another line (5.2), no bare CR (2.2)
      if (line === "" || /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r]*$/.test(line)) return undefined;
      return "HTTP: a header (Name: value) is wanted";
    case "BODY_CHUNKHEAD":
      if (hasCr && /^[0-9A-Fa-f]{1,13}[ \t]*(?:;[^\0\r]*)?$/.test(line)) return undefined; // 13 digits: still exact
      return "HTTP: the size of a chunk in hexadecimal is wanted";
    case "BODY_CHUNKEMPTYLINE":
      return hasCr && line === "" ? undefined : "HTTP: CR LF is wanted behind a chunk";
  }
}
