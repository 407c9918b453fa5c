import { isIPv4, isIPv6 } from "./address.js";

/**
 * The addresses that a hosts file (hosts(5)) gives a name, IPv4 first.
 *
 * @param text the file
 * @param name in any case
 */
export function addressesInHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const found = text.split("\n").flatMap((line) => {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    return names.some((candidate) => candidate.toLowerCase() === wanted) ? [address] : [];
  });
  return [...new Set([...found.filter(isIPv4), ...found.filter(isIPv6)])];
}
