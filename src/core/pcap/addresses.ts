import { canonicalAddress, isIPv4, isIPv6, splitHostPort } from "../net/address.js";

/** One side of a conversation as packets have it. */
export interface Endpoint {
  /** 4 or 16 bytes. */
  readonly address: Buffer;
  readonly port: number;
}

const MAPPED = Buffer.from("00000000000000000000ffff", "hex"); // RFC 4291, 2.5.5.2
const [IPV4_SIZE, IPV6_SIZE] = [4, 16];
const GROUPS = 8;

/** The endpoint of `host:port`. Undefined for a name, or for no text: there is no address that packets could carry. */
export function endpointOf(text: string): Endpoint | undefined {
  const parts = splitHostPort(text);
  const host = canonicalAddress(parts?.host ?? "");
  const port = Number(parts?.port) & 0xffff;
  if (isIPv4(host)) return { address: Buffer.from(host.split(".").map(Number)), port };
  return isIPv6(host) ? { address: ipv6Bytes(host), port } : undefined;
}

/** Two endpoints of one family. Where one is IPv4 and the other IPv6, packets show the IPv4 address mapped into IPv6. */
export function ofOneFamily(one: Endpoint, other: Endpoint): readonly [Endpoint, Endpoint] {
  if (one.address.length === other.address.length) return [one, other];
  return [asIPv6(one), asIPv6(other)];
}

function asIPv6({ address, port }: Endpoint): Endpoint {
  return { address: address.length === IPV4_SIZE ? Buffer.concat([MAPPED, address]) : address, port };
}

/** @param host in the form of {@link canonicalAddress} */
function ipv6Bytes(host: string): Buffer {
  const [head = "", tail] = host.split("::");
  const groupsIn = (text: string): number[] =>
    text
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [before, behind] = [groupsIn(head), groupsIn(tail ?? "")];
  const zeros = new Array<number>(Math.max(GROUPS - before.length - behind.length, 0)).fill(0);
  const bytes = Buffer.alloc(IPV6_SIZE);
  for (const [index, group] of [...before, ...zeros, ...behind].slice(0, GROUPS).entries()) {
    bytes.writeUInt16BE(group & 0xffff, 2 * index);
  }
  return bytes;
}
