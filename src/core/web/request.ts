import { findView, VIEWS } from "../monitor/views/views.js";
import { ANY_NAME, matchesName, type NamePattern } from "../net/access-patterns.js";
import { isIPv4, isIPv6 } from "../net/address.js";
import { parseInteger } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";
import { parseFilter, type WatchedPlaces, type WatchRequest } from "../setup/watch-request.js";

/**
 * Whether the `Host` of a request (RFC 9110, section 7.2) is an address, `localhost`, or one of the names that the configuration knows. Any
 * other name may belong to another site that lets it resolve to this machine: then the browser would treat our replies as that site's own
 * (DNS rebinding).
 *
 * @param names `[web] names`
 */
export function isHostTrusted(host: string | undefined, names: readonly NamePattern[]): boolean {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host ?? "");
  if (match === null) return false;
  const [, bracketed, plain = ""] = match;
  if (bracketed !== undefined) return isIPv6(bracketed);
  return isIPv4(plain) || plain.toLowerCase() === "localhost" || (plain !== "" && matchesName(names, plain));
}

/** Whether a host that is trusted is so by `names=*` alone. Such a name may be that of another site. */
export function isAnyName(host: string | undefined, names: readonly NamePattern[]): boolean {
  return !isHostTrusted(
    host,
    names.filter(({ name }) => name !== ANY_NAME),
  );
}

/** The headers by which a browser says which page asks, and a proxy for whom. */
export type PageHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Whether a page of another site asks, or has sent its reader here. Browsers say so (Fetch Metadata), but only to `https` and the
 * loopback. Elsewhere `Origin` and `Referer` show it, if the page lets them. Programs other than browsers send none of these headers.
 *
 * A proxy may put its own name for us into `Host`; the one that the browser has used stands in `X-Forwarded-Host` then. No page of
 * another site can set that header.
 *
 * @param names `[web] names`
 */
export function isForeign(headers: PageHeaders, names: readonly NamePattern[]): boolean {
  const site = headers["sec-fetch-site"] ?? "none";
  if (site !== "same-origin" && site !== "none") return true; // `same-site` is another site, too: a page on another port of this machine
  const forwarded = firstOf(headers["x-forwarded-host"]);
  const called = [firstOf(headers["host"]), ...(isHostTrusted(forwarded, names) ? [forwarded] : [])];
  const own = called.map((host) => hostOf(`http://${host}`)).filter((host) => host !== undefined);
  return [headers["origin"], headers["referer"]].some(
    (from) => from !== undefined && !own.includes(hostOf(String(from)) ?? ""),
  );
}

/**
 * The headers by which a proxy says that it asks for somebody else: RFC 7239, RFC 9110 section 7.6.3, and what stood for them before. Proxies
 * and tunnels have names of their own for the address (`CF-Connecting-IP`); one that says only a prefix or a scheme has somebody behind it, too.
 */
const FORWARDING = /^(?:forwarded|via|x-forwarded(?:-.+)?|x-ingress-path|(?:.+-)?(?:client|connecting|real)-ip)$/;

/** Whether a proxy asks for somebody else, who need not be where the proxy is. */
export function isForwarded(headers: PageHeaders): boolean {
  return Object.keys(headers).some((name) => FORWARDING.test(name));
}

/** The user for whom a proxy asks that has checked who it is, by the header of Home Assistant's ingress; else without a name. */
export function userOfProxy(headers: PageHeaders): string {
  return firstOf(headers["x-remote-user-name"])?.slice(0, 64) || "a user of the proxy";
}

/** For whom a proxy asks, by its own word: the last value is that of the proxy itself. Undefined: nobody says. */
export function forwardedFor(headers: PageHeaders): string | undefined {
  const chain = headers["x-forwarded-for"];
  return chain === undefined ? undefined : String(chain).split(",").at(-1)?.trim().slice(0, 64);
}

/**
 * The path of a request as the page knows it. A proxy that serves the page under a prefix mostly takes the prefix away; one that leaves it
 * may say which it is.
 */
export function pagePath(path: string, headers: PageHeaders): string {
  const prefix = firstOf(headers["x-forwarded-prefix"] ?? headers["x-ingress-path"])?.replace(/\/$/, "") ?? "";
  return prefix !== "" && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

/** The first value of a header that proxies extend, each by its own value. */
function firstOf(header: string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(",", 1)[0]?.trim();
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** What a reader of `/messages` wants: messages as they pass, and first some that have passed. */
export interface MessagesQuery {
  readonly watch: WatchRequest;
  readonly last: number;
}

/** Messages that have passed which a reader gets at most. */
const MAX_LAST_MESSAGES = 100;

/**
 * Reads the query of `/messages`: `listener=port` or `connection=id`, or neither for everything. `view=` is the view of connections whose
 * own options name none; `last=` how many messages that have passed come first.
 *
 * @param places the listeners and connections that exist now
 */
export function parseMessagesQuery(query: ReadonlyMap<string, string>, places: WatchedPlaces): Result<MessagesQuery> {
  const unknown = unknownParameter(query, ["listener", "connection", "view", "last"]);
  if (unknown !== undefined) return fail(unknown);
  const { listener = "", connection = "", view: name = "" } = Object.fromEntries(query);
  if (listener !== "" && connection !== "") return fail("a listener or a connection is wanted, not both");
  const filter = parseFilter(listener || connection, places);
  const kind = listener !== "" ? "listener" : connection !== "" ? "connection" : "all";
  if (!filter.ok || filter.value.kind !== kind) {
    return fail(kind === "listener" ? `nothing listens on port ${listener}` : `no connection "${connection}"`);
  }
  const view = findView(name);
  if (view === undefined && name !== "") {
    return fail(`unknown view "${name}"; known are ${VIEWS.map((known) => known.name).join(", ")}`);
  }
  const last = readCount(query, "last", MAX_LAST_MESSAGES, 0);
  if (!last.ok) return last;
  return ok({ watch: { filter: filter.value, format: ["json"], ...(view && { view }) }, last: last.value });
}

/**
 * Reads the query of `/log`: `last=` how many lines that have been written come first.
 *
 * @param most how many are kept; so many come when the query does not say
 */
export function parseLogQuery(query: ReadonlyMap<string, string>, most: number): Result<number> {
  const unknown = unknownParameter(query, ["last"]);
  return unknown === undefined ? readCount(query, "last", most, most) : fail(unknown);
}

/** Reads the query of `/history`: `since=` a step; without it 0, for all. */
export function parseHistoryQuery(query: ReadonlyMap<string, string>): Result<number> {
  const unknown = unknownParameter(query, ["since"]);
  return unknown === undefined ? readCount(query, "since", Number.MAX_SAFE_INTEGER, 0) : fail(unknown);
}

function readCount(query: ReadonlyMap<string, string>, name: string, most: number, without: number): Result<number> {
  const text = query.get(name);
  if (text === undefined) return ok(without);
  const count = parseInteger(text, 0, most);
  return count.ok ? count : fail(`${name}: ${count.message}`);
}

function unknownParameter(query: ReadonlyMap<string, string>, known: readonly string[]): string | undefined {
  const unknown = [...query.keys()].find((key) => !known.includes(key));
  return unknown === undefined ? undefined : `unknown parameter "${unknown}"; known are ${known.join(", ")}`;
}
