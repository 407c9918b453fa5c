import type { Network } from "./access-patterns.js";
import { canonicalAddress, isIPv4, isIPv6 } from "./address.js";

const IPV6_GROUPS = 8;

/**
 * Whether an address lies in a network. An IPv4 address in IPv6 form (`::ffff:192.168.1.5`) counts as IPv4.
 *
 * @param address an IPv4 or IPv6 literal; of any other text the answer is no
 */
export function covers({ address: base, prefix }: Network, address: string): boolean {
  const [network, host] = [bytesOf(base), bytesOf(address)];
  if (network === undefined || host === undefined || network.length !== host.length) return false;
  const whole = prefix >> 3;
  const mask = 0xff00 >> (prefix & 7); // of the byte that the prefix ends in
  return network.every((byte, at) => {
    const other = host[at] ?? 0;
    return at < whole ? byte === other : at > whole || ((byte ^ other) & mask & 0xff) === 0;
  });
}

/** The bytes of an address in network order; nothing of a text that is none. */
function bytesOf(text: string): number[] | undefined {
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
