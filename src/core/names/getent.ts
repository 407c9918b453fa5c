import { isIPv4, isIPv6 } from "../net/address.js";
import type { HostAddress } from "./host-address.js";

/**
 * Reads what `getent ahosts` prints (getent(1)): a line for each address and type of socket, the address in front.
 *
 * @returns the addresses in the order of the system's preference, without duplicates
 */
export function parseGetent(text: string): HostAddress[] {
  const words = text.split("\n").map((line) => line.split(/\s/, 1)[0] ?? "");
  return [...new Set(words)].flatMap((address): HostAddress[] => {
    if (isIPv4(address)) return [{ address, family: 4 }];
    return isIPv6(address) ? [{ address, family: 6 }] : [];
  });
}
