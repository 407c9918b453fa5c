import { isIPv4, isIPv6 } from "./address.js";

/** How many characters one step searches: a step takes some milliseconds. */
const STEP_CHARACTERS = 131_072;

/**
 * Finds the addresses of a host name in a hosts file (hosts(5)), IPv4 addresses first. Lists of blocked advertisers make such a file
 * megabytes long, so the generator pauses after each step: the caller can let other work in.
 *
 * @param text the content of the file
 * @param name in any case, with or without a final dot
 * @returns the addresses without duplicates, after the last step
 */
export function* searchHosts(text: string, name: string): Generator<undefined, string[]> {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf("\n", at + STEP_CHARACTERS);
    const end = lineEnd < 0 ? text.length : lineEnd;
    found.push(...addressesIn(text.slice(at, end), wanted));
    at = end + 1;
    if (at < text.length) yield;
  }
  return [...new Set([...found.filter(isIPv4), ...found.filter(isIPv6)])];
}

/** @param name in lower case */
function addressesIn(lines: string, name: string): string[] {
  return lines.split("\n").flatMap((line) => {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    return names.some((candidate) => candidate.toLowerCase() === name) ? [address] : [];
  });
}
