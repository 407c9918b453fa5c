import { isIPv4, isIPv6, plainAddress } from "../net/address.js";
import type { Family, HostAddress } from "./host-address.js";

/**
 * Reads what `getent ahostsv4` and `getent ahostsv6` print (getent(1)): a line for each address and type of socket, the address in front.
 * The latter gives IPv4 addresses in their IPv6 form where a name has no other ones: these are left out.
 *
 * @returns the addresses in the order of the system's preference, without duplicates
 */
export function parseGetent(text: string, family: Family): HostAddress[] {
  const isWanted = family === 4 ? isIPv4 : isIPv6;
  const words = text.split("\n").map((line) => line.split(/\s/, 1)[0] ?? "");
  return [...new Set(words)]
    .filter((word) => isWanted(word) && plainAddress(word) === word)
    .map((address) => ({ address, family }));
}
