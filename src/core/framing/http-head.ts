import { fail, ok, type Result } from "../parse/result.js";
import type { HttpHead } from "./framing.js";

/** A head as the parser delivers it. */
export interface RawHead {
  /** Undefined in a response. */
  readonly method: string | undefined;
  /** Undefined in a request. */
  readonly status: number | undefined;
  readonly minorVersion: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The body behind a head. */
export type Body =
  | { readonly kind: "none" }
  /** An interim response: the final one follows. */
  | { readonly kind: "interim" }
  | { readonly kind: "sized"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-end" };

/** A head, and the body that it announces. */
export interface HttpMessage {
  readonly head: HttpHead;
  readonly body: Body;
}

const [LF, CR] = [0x0a, 0x0d];
const MAX_QUOTED = 40;
/** A server with one of these statuses may not have read the whole request: where it continues to read is unknown (RFC 9110, 15). */
const UNREAD: ReadonlySet<number> = new Set([400, 408, 411, 413, 414, 417, 431, 501, 505]);
const NO_BODY: Body = { kind: "none" };
const CHUNKED: Body = { kind: "chunked" };

/** Reads a request. Rejects everything that servers may read in different ways: one connection carries requests of several clients. */
export function readRequest(raw: RawHead): Result<HttpMessage> {
  const coding = transferCoding(raw);
  if (coding !== undefined) {
    if (coding !== "chunked") return fail(`Transfer-Encoding ${quoted(coding)}: only chunked is taken`);
    if (raw.minorVersion === 0) return fail("Transfer-Encoding in a request of HTTP/1.0");
    if (valuesOf(raw, "content-length").length > 0)
      return fail("both Transfer-Encoding and Content-Length in a request");
  }
  const size = contentLength(raw);
  if (!size.ok) return size;
  const connect = raw.method === "CONNECT"; // the bytes behind it belong to the tunnel, whatever the head says (RFC 9110, 9.3.6)
  const options = connectionOptions(raw);
  const upgrade = connect || (valuesOf(raw, "upgrade").length > 0 && options.includes("upgrade"));
  return ok({
    head: headOf(raw, { upgrade, keepAlive: persists(raw, options) }),
    body: connect ? NO_BODY : coding === undefined ? sized(size.value ?? 0) : CHUNKED,
  });
}

/**
 * Reads a response. The length of its body follows from RFC 9112, 6.3.
 *
 * @param method of the request, if known
 */
export function readResponse(raw: RawHead, method: string | undefined): Result<HttpMessage> {
  const status = raw.status ?? 0;
  const tunnel = status === 101 || (method === "CONNECT" && status >= 200 && status < 300);
  if (tunnel) return ok({ head: headOf(raw, { upgrade: true, keepAlive: false }), body: NO_BODY });
  if (status < 200)
    return ok({ head: headOf(raw, { upgrade: false, keepAlive: !announcesBody(raw) }), body: { kind: "interim" } });
  const bodiless = method === "HEAD" || status === 204 || status === 304;
  const body = bodyOfResponse(raw, bodiless);
  if (!body.ok) return body;
  const doubtful = UNREAD.has(status) || (bodiless ? mayHaveBody(raw, method) : endIsDoubtful(raw, body.value));
  const keepAlive = !doubtful && persists(raw, connectionOptions(raw));
  return ok({ head: headOf(raw, { upgrade: false, keepAlive }), body: body.value });
}

/** Whether a response that must not have a body may have one nevertheless, judging by its head. */
function mayHaveBody(raw: RawHead, method: string | undefined): boolean {
  return announcesBody(raw) || (method === "HEAD" && valuesOf(raw, "content-length").length === 0);
}

function announcesBody(raw: RawHead): boolean {
  return transferCoding(raw) !== undefined || valuesOf(raw, "content-length").some((value) => Number(value) !== 0);
}

/** Whether the sender may mean another end of the body than RFC 9112, 6.1 and 6.3 define. */
function endIsDoubtful(raw: RawHead, body: Body): boolean {
  if (body.kind === "until-end") return true;
  const coding = transferCoding(raw);
  const sized = valuesOf(raw, "content-length").length > 0;
  return coding !== undefined && (coding !== "chunked" || sized || raw.minorVersion === 0);
}

function bodyOfResponse(raw: RawHead, bodiless: boolean): Result<Body> {
  if (bodiless) return ok(NO_BODY);
  const coding = transferCoding(raw);
  if (coding !== undefined) return ok(coding.split(",").at(-1)?.trim() === "chunked" ? CHUNKED : { kind: "until-end" });
  const size = contentLength(raw);
  if (!size.ok) return size;
  return ok(size.value === undefined ? { kind: "until-end" } : sized(size.value));
}

function headOf(raw: RawHead, read: Pick<HttpHead, "upgrade" | "keepAlive">): HttpHead {
  return {
    ...(raw.method !== undefined && { method: raw.method }),
    ...(raw.status !== undefined && { status: raw.status }),
    version: raw.minorVersion === 0 ? "1.0" : "1.1",
    ...read,
    headers: raw.headers,
  };
}

function sized(length: number): Body {
  return length === 0 ? NO_BODY : { kind: "sized", length };
}

/** Whether the connection persists (RFC 9112, 9.3), judging by the head alone. */
function persists(raw: RawHead, options: readonly string[]): boolean {
  return !options.includes("close") && (raw.minorVersion > 0 || options.includes("keep-alive"));
}

function connectionOptions(raw: RawHead): string[] {
  return valuesOf(raw, "connection").flatMap(tokensOf);
}

/** The value of Transfer-Encoding in lower case. Several fields form one list (RFC 9110, 5.3). */
function transferCoding(raw: RawHead): string | undefined {
  const values = valuesOf(raw, "transfer-encoding");
  return values.length === 0 ? undefined : values.join(", ").toLowerCase();
}

/** The value of Content-Length. The parser has made sure that several fields have the same value. */
function contentLength(raw: RawHead): Result<number | undefined> {
  const values = valuesOf(raw, "content-length");
  const wrong = values.find((value) => !/^\d+$/.test(value) || !Number.isSafeInteger(Number(value)));
  if (wrong !== undefined) return fail(`Content-Length ${quoted(wrong)}: a number of bytes is wanted`);
  return ok(values[0] === undefined ? undefined : Number(values[0]));
}

/** @param name in lower case */
function valuesOf(raw: RawHead, name: string): string[] {
  return raw.headers.flatMap(([written, value]) => (written.toLowerCase() === name ? [value] : []));
}

/** A value for the log, shortened. */
function quoted(value: string): string {
  return value.length <= MAX_QUOTED ? `"${value}"` : `"${value.slice(0, MAX_QUOTED)}…"`;
}

/** The tokens of a comma-separated list, in lower case. */
export function tokensOf(value: string): readonly string[] {
  return value.toLowerCase().match(/[^\s,]+/g) ?? [];
}

/**
 * The index behind the empty line that ends a head; undefined while the head is incomplete. Lines may end in LF alone (RFC 9112, 2.2).
 *
 * @param from where the head begins
 */
export function endOfHead(bytes: Buffer, from = 0): number | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}
