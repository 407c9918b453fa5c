import { fail, ok, type Result } from "../parse/result.js";

/** A host (IPv4 literal, IPv6 literal without brackets, or name) and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const MAX_NAME_LENGTH = 253; // RFC 1035, section 2.3.4, in text form
const IPV4_MAPPED = "::ffff:";

/** The name of an interface (RFC 4007) of the characters that need no escape in a URL (RFC 6874); Linux takes 15 of them. */
const ZONE = /^[\w.~-]{1,15}$/;

/** Whether `text` is an IPv4 literal in the usual dotted form. */
export function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Whether `text` is an IPv6 literal without brackets; a zone (`%eth0`) may follow. */
export function isIPv6(text: string): boolean {
  const [address = "", ...zone] = text.split("%");
  if (zone.length > 0 && !ZONE.test(zone.join("%"))) return false;
  return address.includes(":") && /^[0-9a-f:.]+$/i.test(address) && URL.canParse(`http://[${address}]/`);
}

/** Whether `text` is an address rather than a name. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

/** Whether `text` may be a host name: labels of letters, digits, `-` and `_`, the last one not a number (RFC 1123, section 2.1). */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > MAX_NAME_LENGTH) return false;
  const labels = text.replace(/\.$/, "").split(".");
  if (/^\d+$/.test(labels.at(-1) ?? "")) return false;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}

/** Reads a TCP or UDP port number, 1 to 65535, in decimal. */
export function parsePort(text: string): Result<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? ok(port) : fail(`bad port "${text}": a number from 1 to 65535 is wanted`);
}

/** Reads `host:port`, where host is IPv4, a name, or `[IPv6]`. */
export function parseHostPort(text: string): Result<HostPort> {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  if (match === null) return fail(`bad target "${text}": host:port is wanted, an IPv6 host in brackets`);
  const [, bracketed, plain = "", portText = ""] = match;
  const host = bracketed ?? plain;
  const good = bracketed === undefined ? isIPv4(host) || isHostName(host) : isIPv6(host);
  if (!good) return fail(`bad host "${host}": an IPv4 address, a name or an [IPv6] address is wanted`);
  const port = parsePort(portText);
  return port.ok ? ok({ host, port: port.value }) : port;
}

/** `host:port` as {@link parseHostPort} reads it: an IPv6 host gets its brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An address as people write it: an IPv4 client of a dual-stack listener without its `::ffff:`. */
export function plainAddress(address: string): string {
  return address.toLowerCase().startsWith(IPV4_MAPPED) && address.includes(".")
    ? address.slice(IPV4_MAPPED.length)
    : address;
}

/** Whether `address` belongs to this host alone: 127.0.0.0/8 (also IPv4-mapped) or `::1`. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === "::1" || (plain.startsWith("127.") && isIPv4(plain));
}

/** The one form of an address that two can be compared by: without a zone, IPv4 not in its IPv6 form, IPv6 as short as it can be. */
export function canonicalAddress(address: string): string {
  const [bare = ""] = address.split("%", 1);
  if (!isIPv6(bare)) return bare;
  const short = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const [, high = "", low = ""] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short) ?? [];
  if (low === "") return short;
  return [high, low].flatMap((text) => [Number.parseInt(text, 16) >> 8, Number.parseInt(text, 16) & 255]).join(".");
}
