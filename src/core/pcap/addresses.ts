import { splitHostPort } from "../net/address.js";
import { addressBytes } from "../net/address-bytes.js";

/** One side of a conversation as packets have it. */
export interface Endpoint {
  /** 4 or 16 bytes. */
  readonly address: Buffer;
  readonly port: number;
}

const MAPPED = Buffer.from("00000000000000000000ffff", "hex"); // RFC 4291, 2.5.5.2
const IPV4_SIZE = 4;

/** The endpoint of `host:port`. Undefined for a name, or for no text: there is no address that packets could carry. */
export function endpointOf(text: string): Endpoint | undefined {
  const parts = splitHostPort(text);
  const bytes = addressBytes(parts?.host ?? "");
  return bytes && { address: Buffer.from(bytes), port: Number(parts?.port) & 0xffff };
}

/** Two endpoints of one family. Where one is IPv4 and the other IPv6, packets show the IPv4 address mapped into IPv6. */
export function ofOneFamily(one: Endpoint, other: Endpoint): readonly [Endpoint, Endpoint] {
  if (one.address.length === other.address.length) return [one, other];
  return [asIPv6(one), asIPv6(other)];
}

function asIPv6({ address, port }: Endpoint): Endpoint {
  return { address: address.length === IPV4_SIZE ? Buffer.concat([MAPPED, address]) : address, port };
}
