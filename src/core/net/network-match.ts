import type { Network } from "./access-patterns.js";
import { addressBytes } from "./address-bytes.js";

/**
 * Whether an address lies in a network. An IPv4 address in IPv6 form (`::ffff:192.168.1.5`) counts as IPv4.
 *
 * @param address an IPv4 or IPv6 literal; of any other text the answer is no
 */
export function covers({ address: base, prefix }: Network, address: string): boolean {
  const [network, host] = [addressBytes(base), addressBytes(address)];
  if (network === undefined || host === undefined || network.length !== host.length) return false;
  const whole = prefix >> 3;
  const mask = 0xff00 >> (prefix & 7); // of the byte that the prefix ends in
  return network.every((byte, at) => {
    const other = host[at] ?? 0;
    return at < whole ? byte === other : at > whole || ((byte ^ other) & mask & 0xff) === 0;
  });
}
