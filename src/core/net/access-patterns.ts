import { parseInteger } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";
import { isHostName, isIPv4, isIPv6 } from "./address.js";

/** A network in CIDR form (RFC 4632). A single address has the longest prefix: 32 or 128. */
export interface Network {
  readonly kind: "network";
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  readonly prefix: number;
}

/** A host name in lower case. `*.example.com` matches every name below `example.com`, but not that name itself. */
export interface NamePattern {
  readonly kind: "name";
  readonly name: string;
}

/** One entry of `[access] targets` or `deny-targets` (docs/configuration.md). */
export type TargetPattern = Network | NamePattern;

const SUBDOMAINS = "*.";

/** Reads a list of addresses and networks, separated by commas or white space. Without entries the list is empty. */
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

/** Any name at all. */
export const ANY_NAME = "*";

/** Reads a list of host names, separated by commas or white space: `hub.lan`, `*.example.com`, or `*` for any. */
export function parseNamePatterns(text: string): Result<readonly NamePattern[]> {
  return parseList(text, (word) => {
    if (word === ANY_NAME) return ok({ kind: "name", name: ANY_NAME });
    return parseName(word) ?? fail(`bad name "${word}": hub.example.com, *.example.com or * is wanted`);
  });
}

/** The list as the configuration file has it; {@link parseTargetPatterns} reads it back. */
export function formatPatterns(patterns: readonly TargetPattern[]): string {
  return patterns
    .map((pattern) => (pattern.kind === "name" ? pattern.name : `${pattern.address}/${pattern.prefix}`))
    .join(", ");
}

/** A network as {@link parseNetwork} reads it back: a single address without its prefix. */
export function formatNetwork({ family, address, prefix }: Network): string {
  return prefix === (family === "ipv4" ? 32 : 128) ? address : `${address}/${prefix}`;
}

/** Whether a name pattern of the list matches the host name. Case and a final dot do not matter; networks in the list are ignored. */
export function matchesName(patterns: readonly TargetPattern[], host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  return patterns.some((pattern) => {
    if (pattern.kind !== "name") return false;
    if (pattern.name === ANY_NAME) return true;
    return pattern.name.startsWith(SUBDOMAINS) ? wanted.endsWith(pattern.name.slice(1)) : wanted === pattern.name;
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

/** Reads an address or a network. Undefined when `word` does not begin with an address; an error when its prefix is wrong. */
export function parseNetwork(word: string): Result<Network> | undefined {
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
  const bare = name.startsWith(SUBDOMAINS) ? name.slice(SUBDOMAINS.length) : name;
  return isHostName(bare) ? ok({ kind: "name", name }) : undefined;
}
