import type { Endpoint } from "./addresses.js";

/** What a packet carries, by its number (IANA). */
export const PROTOCOL = { tcp: 6, udp: 17 } as const;

/** Longest payload of an IP packet here, in bytes: its length field has 16 bits, and counts the header of IPv4. */
export const MAX_IP_PAYLOAD = 0xffff - 20;

const HOPS = 64;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const VERSION_4 = 0x45; // and 5 words of header
const DO_NOT_FRAGMENT = 0x4000;

/**
 * An IP packet (RFC 791, RFC 8200) between two endpoints of one family.
 *
 * @param payload its header and its data; this function writes the checksum into it
 * @param checksumAt where in the payload the checksum stands, as 0
 */
export function ipPacket(from: Endpoint, to: Endpoint, protocol: number, payload: Buffer, checksumAt: number): Buffer {
  const sum = sumOf(from.address) + sumOf(to.address) + protocol + payload.length + sumOf(payload);
  const checksum = folded(sum);
  payload.writeUInt16BE(protocol === PROTOCOL.udp && checksum === 0 ? 0xffff : checksum, checksumAt); // RFC 768
  const header =
    from.address.length === 4 ? ipv4Header(from, to, protocol, payload) : ipv6Header(from, to, protocol, payload);
  return Buffer.concat([header, payload]);
}

function ipv4Header(from: Endpoint, to: Endpoint, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(IPV4_HEADER);
  header[0] = VERSION_4;
  header.writeUInt16BE(IPV4_HEADER + payload.length, 2);
  header.writeUInt16BE(DO_NOT_FRAGMENT, 6);
  header[8] = HOPS;
  header[9] = protocol;
  from.address.copy(header, 12);
  to.address.copy(header, 16);
  header.writeUInt16BE(folded(sumOf(header)), 10);
  return header;
}

function ipv6Header(from: Endpoint, to: Endpoint, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(IPV6_HEADER);
  header[0] = 0x60;
  header.writeUInt16BE(payload.length, 4);
  header[6] = protocol;
  header[7] = HOPS;
  from.address.copy(header, 8);
  to.address.copy(header, 24);
  return header;
}

/** The sum of 16-bit words (RFC 1071); an odd byte is the high one of a last word. */
export function sumOf(bytes: Buffer): number {
  let sum = 0;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length === even ? sum : sum + ((bytes[even] ?? 0) << 8);
}

/** The one's complement of a sum, in 16 bits. */
function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return ~rest & 0xffff;
}
