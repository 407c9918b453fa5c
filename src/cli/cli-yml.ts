import { isMap, LineCounter, parseDocument } from "yaml";
import { type HostPort, isIPv6, parseHostPort, parsePort } from "../core/net/address.js";
import { parseSeconds } from "../core/parse/number.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { lineProblem, printable } from "../core/parse/text.js";

/** The settings of a `cli.yml`. */
export interface CliYml {
  /** The servers that clients get to; at least one. */
  readonly servers: readonly HostPort[];
  /** Longest time to connect, in whole milliseconds. */
  readonly timeoutMs: number;
  /** The keys that the file lacks, and the values used instead: a line each. */
  readonly warnings: readonly string[];
}

/** The values of keys that the file lacks (docs/reverse-proxy.md); timeout in seconds. */
export const CONBUS_FALLBACK = { ip: "10.0.3.162", port: 10001, timeout: 10 } as const;

const { ip, port, timeout } = CONBUS_FALLBACK;
const ALL_FALLBACKS = `conbus.ip ${ip}, conbus.port ${port} and conbus.timeout ${timeout} are used`;
const MAX_TIMEOUT_S = 600; // what CTIM takes
const MAX_ALIASES = 100; // aliases of aliases make a huge value of a small file
const MAX_SHOWN = 80;

/** The keys of `conbus` that the daemon reads. A key without a value counts as missing. */
type Conbus = Readonly<Record<keyof typeof CONBUS_FALLBACK, unknown>>;

const KEYS = ["ip", "port", "timeout"] as const;

/**
 * Reads the mapping `conbus` of a `cli.yml`. All else in the file belongs to other programs.
 *
 * @param text undefined when there is no such file
 * @param name the file's name, for messages and warnings
 */
export function parseCliYml(text: string | undefined, name: string): Result<CliYml> {
  if (text === undefined) return withoutConbus(`${name}: no such file; ${ALL_FALLBACKS}`);
  const conbus = findConbus(text);
  if (!conbus.ok) return fail(`${name}${conbus.message}`);
  if (conbus.value === undefined) return withoutConbus(`${name}: conbus is missing; ${ALL_FALLBACKS}`);
  const parsed = readConbus(conbus.value, name);
  return parsed.ok ? parsed : fail(`${name}: conbus.${parsed.message}`);
}

function withoutConbus(warning: string): Result<CliYml> {
  return ok({ servers: [{ host: ip, port }], timeoutMs: timeout * 1000, warnings: [warning] });
}

/** The mapping `conbus`; undefined when there is none. A problem begins with its place: `:2:1: …`. */
function findConbus(text: string): Result<Conbus | undefined> {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: "error" });
  const [error] = yaml.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    return fail(`:${line}:${col}: ${printable(error.message)}`);
  }
  if (!isMap(yaml.contents)) {
    return isNothing(yaml.toJS({ maxAliasCount: 0 }))
      ? ok(undefined)
      : fail(": a mapping is wanted, with conbus in it");
  }
  const node = yaml.contents.get("conbus", true);
  let value: unknown;
  try {
    value = node?.toJS(yaml, { maxAliasCount: MAX_ALIASES });
  } catch (error) {
    return fail(`: conbus: ${printable((error as Error).message)}`); // an alias of nothing, or aliases without end
  }
  if (isNothing(value)) return ok(undefined);
  return typeof value === "object" && !Array.isArray(value)
    ? ok(value as Conbus)
    : fail(": conbus: a mapping is wanted, with ip, port and timeout in it");
}

function readConbus(conbus: Conbus, name: string): Result<CliYml> {
  for (const key of KEYS) {
    for (const value of [conbus[key]].flat()) {
      const problem = typeof value === "string" ? lineProblem(value) : undefined;
      if (problem !== undefined) return fail(`${key}: ${problem}`);
    }
  }
  const warnings: string[] = [];
  /** The value of a key, or its fallback. */
  function given(key: keyof Conbus): unknown {
    if (!isNothing(conbus[key])) return conbus[key];
    warnings.push(`${name}: conbus.${key} is missing; ${CONBUS_FALLBACK[key]} is used`);
    return CONBUS_FALLBACK[key];
  }
  const places = readPlaces(given("ip"));
  if (!places.ok) return places;
  const needed = places.value.some((place) => place.port === undefined) || !isNothing(conbus.port);
  const common = needed ? readPort(given("port")) : ok(port);
  if (!common.ok) return common;
  const timeoutMs = readTimeout(given("timeout"));
  if (!timeoutMs.ok) return timeoutMs;
  const servers = places.value.map((place) => ({ host: place.host, port: place.port ?? common.value }));
  return ok({ servers, timeoutMs: timeoutMs.value, warnings });
}

/** A server as `ip` names it, with or without a port. */
type Place = Pick<HostPort, "host"> & Partial<HostPort>;

function readPlaces(value: unknown): Result<readonly Place[]> {
  const texts = Array.isArray(value) ? value : [value];
  if (texts.length === 0) return fail("ip: an address or a name is wanted, not an empty list");
  const places: Place[] = [];
  for (const text of texts) {
    if (typeof text !== "string") return fail(`ip: an address or a name is wanted, not ${shown(text)}`);
    for (const word of text.split(",")) {
      const place = readPlace(word.trim());
      if (!place.ok) return fail(`ip: ${printable(place.message)}`);
      places.push(place.value);
    }
  }
  return ok(places);
}

/** Reads `host`, `host:port`, `[IPv6]` or `[IPv6]:port`; an IPv6 address alone needs no brackets. */
function readPlace(text: string): Result<Place> {
  if (text === "") return fail("an address or a name is wanted, not nothing");
  if (isIPv6(text)) return ok({ host: text });
  if (/^[^:]+$|\]$/.test(text)) {
    const alone = parseHostPort(`${text}:${port}`);
    return alone.ok ? ok({ host: alone.value.host }) : alone;
  }
  return parseHostPort(text);
}

function readPort(value: unknown): Result<number> {
  const text = numberText(value);
  const parsed = text === undefined ? fail("a number from 1 to 65535 is wanted") : parsePort(text);
  return parsed.ok ? parsed : fail(`port: ${shown(value)}: a number from 1 to 65535 is wanted`);
}

function readTimeout(value: unknown): Result<number> {
  const ms = parseSeconds(numberText(value) ?? "");
  return ms.ok && ms.value > 0 && ms.value <= MAX_TIMEOUT_S * 1000
    ? ok(Math.max(1, Math.round(ms.value)))
    : fail(`timeout: ${shown(value)}: seconds are wanted, more than 0 and not more than ${MAX_TIMEOUT_S}`);
}

/** A number as text, whether it is written with quotes or without. */
function numberText(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim() : undefined;
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A value for a message, in one short line. */
function shown(value: unknown): string {
  if (isNothing(value)) return "nothing";
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "a mapping";
  const text = printable(String(value));
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return typeof value === "string" ? `"${short}"` : short;
}
