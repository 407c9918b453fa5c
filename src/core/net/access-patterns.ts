import { parseInteger } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";
import { isHostName, isIPv4, isIPv6 } from "./address.js";
import { type ClientOrigin, isLocalClient } from "./client-origin.js";

/** A network in CIDR form (RFC 4632); a single address has the longest prefix. */
export interface Network {
  readonly kind: "network";
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  readonly prefix: number;
}

/** A host name in lower case; with `*.` in front, every name below it. */
export interface NamePattern {
  readonly kind: "name";
  readonly name: string;
}

/** What a rule about targets names. */
export type TargetPattern = Network | NamePattern;

/** What not everybody may do who can connect. */
export type Permission = "stop" | "reload" | "tunnel" | "watch" | "monitor";

/** Why a client of this origin may not stop the daemon; nothing when it may. */
export function stopDenialReason(stop: "local" | "any" | "never", origin: ClientOrigin): string | undefined {
  if (stop === "never") return "nobody may, the configuration says ([access] stop=never)";
  return stop === "any" || isLocalClient(origin)
    ? undefined
    : "not from another machine; [access] stop=any in the configuration allows it";
}

/** Why a client of this origin may not do what is for this machine alone; nothing when it may. */
export function localDenialReason(origin: ClientOrigin): string | undefined {
  return isLocalClient(origin) ? undefined : "not from another machine";
}

const ANY_BELOW = "*.";

/** Reads a list of addresses and networks, separated by commas or white space. */
export function parseNetworks(text: string): Result<readonly Network[]> {
  return parseList(
    text,
    (word) => parseNetwork(word) ?? fail(`bad network "${word}": 192.168.0.0/24 or ::1 is wanted`),
  );
}

/** Reads a list of addresses, networks and names, separated by commas or white space. */
export function parseTargetPatterns(text: string): Result<readonly TargetPattern[]> {
  return parseList(
    text,
    (word) =>
      parseNetwork(word) ??
      parseName(word) ??
      fail(`bad target "${word}": 192.168.0.0/24, ::1, hub.example.com or *.example.com is wanted`),
  );
}

/** A list as it would stand in the configuration file. */
export function formatPatterns(patterns: readonly TargetPattern[]): string {
  return patterns
    .map((pattern) => (pattern.kind === "name" ? pattern.name : `${pattern.address}/${pattern.prefix}`))
    .join(", ");
}

/** Whether one of the name patterns means this host, in any case. */
export function matchesName(patterns: readonly TargetPattern[], host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  return patterns.some((pattern) => {
    if (pattern.kind !== "name") return false;
    return pattern.name.startsWith(ANY_BELOW) ? wanted.endsWith(pattern.name.slice(1)) : wanted === pattern.name;
  });
}

function parseList<T>(text: string, parse: (word: string) => Result<T>): Result<readonly T[]> {
  const found: T[] = [];
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const parsed = parse(word);
    if (!parsed.ok) return parsed;
    found.push(parsed.value);
  }
  return ok(found);
}

/** Nothing when `word` does not look like an address. */
function parseNetwork(word: string): Result<Network> | undefined {
  const [address = "", prefixText, ...more] = word.split("/");
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) && !address.includes("%") ? "ipv6" : undefined;
  if (family === undefined || more.length > 0) return undefined;
  const longest = family === "ipv4" ? 32 : 128;
  if (prefixText === undefined) return ok({ kind: "network", family, address, prefix: longest });
  const prefix = parseInteger(prefixText, 0, longest);
  return prefix.ok
    ? ok({ kind: "network", family, address, prefix: prefix.value })
    : fail(`bad network "${word}": ${prefix.message} behind the /`);
}

function parseName(word: string): Result<NamePattern> | undefined {
  const name = word.toLowerCase().replace(/\.$/, "");
  const bare = name.startsWith(ANY_BELOW) ? name.slice(ANY_BELOW.length) : name;
  return isHostName(bare) ? ok({ kind: "name", name }) : undefined;
}
