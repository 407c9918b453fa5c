import { canonicalAddress, isIPv4, isIPv6 } from "./address.js";

const IPV6_GROUPS = 8;

/**
 * The bytes of an address in network order: 4 or 16. An IPv4 address in IPv6 form (`::ffff:192.168.1.5`) counts as IPv4, and a zone does not
 * count.
 *
 * @returns undefined for a text that is no address
 */
export function addressBytes(text: string): number[] | undefined {
  const address = canonicalAddress(text);
  if (isIPv4(address)) return address.split(".").map(Number);
  if (!isIPv6(address)) return undefined;
  const [before = [], after] = address.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = after === undefined ? [] : Array<string>(IPV6_GROUPS - before.length - after.length).fill("0");
  return [...before, ...zeros, ...(after ?? [])].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
