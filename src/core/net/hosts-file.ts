import { isIPv4, isIPv6 } from "./address.js";

/** About as many characters of a hosts file are searched at once: that takes some milliseconds. */
const PIECE = 131_072;

/**
 * Finds the addresses that a hosts file (hosts(5)) gives a name, IPv4 first. Lists that block advertisers make such a file some megabytes
 * long, so it is searched piece by piece: each step but the last yields nothing.
 *
 * @param text the file
 * @param name in any case
 * @returns the addresses, when all of it has been searched
 */
export function* searchHosts(text: string, name: string): Generator<undefined, string[]> {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf("\n", at + PIECE);
    const end = lineEnd < 0 ? text.length : lineEnd;
    found.push(...addressesIn(text.slice(at, end), wanted));
    at = end + 1;
    if (at < text.length) yield;
  }
  return [...new Set([...found.filter(isIPv4), ...found.filter(isIPv6)])];
}

/** @param wanted in lower case */
function addressesIn(piece: string, wanted: string): string[] {
  return piece.split("\n").flatMap((line) => {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    return names.some((candidate) => candidate.toLowerCase() === wanted) ? [address] : [];
  });
}
