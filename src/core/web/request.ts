import { findView, VIEWS } from "../monitor/views/views.js";
import { isIPv4, isIPv6 } from "../net/address.js";
import { parseInteger } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";
import { parseFilter, type WatchRequest } from "../setup/watch-request.js";
import type { DaemonReport } from "../status/daemon-status.js";

/**
 * Whether the `Host` of a request (RFC 9110, section 7.2) is an address or `localhost`. Any other name may belong to another site that
 * lets it resolve to this machine: then the browser would treat our replies as that site's own (DNS rebinding).
 */
export function isHostTrusted(host: string | undefined): boolean {
  const [, bracketed, plain = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host ?? "") ?? [];
  return bracketed === undefined ? isIPv4(plain) || plain.toLowerCase() === "localhost" : isIPv6(bracketed);
}

/** The headers by which a browser says which page asks. */
export interface PageHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly referer?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
}

/**
 * Whether a page of another site asks, or has sent its reader here. Browsers say so (Fetch Metadata), but only to `https` and the
 * loopback. Elsewhere `Origin` and `Referer` show it, if the page lets them. Programs other than browsers send none of these headers.
 */
export function isForeign({ host, origin, referer, "sec-fetch-site": site = "none" }: PageHeaders): boolean {
  if (site !== "same-origin" && site !== "none") return true; // `same-site` is another site, too: a page on another port of this machine
  const own = hostOf(`http://${host}`);
  return [origin, referer].some((from) => from !== undefined && (own === undefined || hostOf(from) !== own));
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

const KNOWN = ["listener", "connection", "view"];

/**
 * Reads the query of `/messages`: `listener=port` or `connection=id`, or neither for everything. `view=` is the view of connections whose
 * own options name none.
 *
 * @param status the listeners and connections that exist now
 */
export function parseMessagesQuery(
  query: ReadonlyMap<string, string>,
  status: () => DaemonReport,
): Result<WatchRequest> {
  const unknown = unknownParameter(query, KNOWN);
  if (unknown !== undefined) return fail(unknown);
  const { listener = "", connection = "", view: name = "" } = Object.fromEntries(query);
  if (listener !== "" && connection !== "") return fail("a listener or a connection is wanted, not both");
  const filter = parseFilter(listener || connection, status);
  if (!filter.ok) return filter;
  if (listener !== "" && filter.value.kind !== "listener") return fail(`"${listener}" is no port`);
  if (connection !== "" && filter.value.kind !== "connection") return fail(`no connection "${connection}"`);
  const view = findView(name);
  if (view === undefined && name !== "") {
    return fail(`unknown view "${name}"; known are ${VIEWS.map((known) => known.name).join(", ")}`);
  }
  return ok({ filter: filter.value, format: ["json"], ...(view && { view }) });
}

/** Reads the query of `/history`: `since=` a step, or nothing for all. */
export function parseHistoryQuery(query: ReadonlyMap<string, string>): Result<number | undefined> {
  const unknown = unknownParameter(query, ["since"]);
  if (unknown !== undefined) return fail(unknown);
  const since = query.get("since");
  if (since === undefined) return ok(undefined);
  const step = parseInteger(since, 0, Number.MAX_SAFE_INTEGER);
  return step.ok ? step : fail(`since: ${step.message}`);
}

function unknownParameter(query: ReadonlyMap<string, string>, known: readonly string[]): string | undefined {
  const unknown = [...query.keys()].find((key) => !known.includes(key));
  return unknown === undefined ? undefined : `unknown parameter "${unknown}"; known are ${known.join(", ")}`;
}
