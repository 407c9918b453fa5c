import { fail, ok, type Result } from "../parse/result.js";

/** `host` is an IPv4 literal, an IPv6 literal without brackets, or a name. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const MAX_NAME_LENGTH = 253; // characters; RFC 1035, section 2.3.4: 255 octets on the wire
const IPV4_MAPPED = "::ffff:";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** A zone: the name of an interface (RFC 4007). Only characters that need no escape in a URL (RFC 6874); Linux takes at most 15. */
const ZONE = /^[\w.~-]{1,15}$/;

/** Whether `text` is an IPv4 literal: four decimal numbers without leading zeros. */
export function isIPv4(text: string): boolean {
  return IPV4.test(text);
}

/** Whether `text` is an IPv6 literal without brackets; a zone (`%eth0`) may follow. */
export function isIPv6(text: string): boolean {
  if (!text.includes(":")) return false;
  const [address = "", ...zone] = text.split("%");
  if (zone.length > 0 && !ZONE.test(zone.join("%"))) return false;
  return address.includes(":") && /^[0-9a-f:.]+$/i.test(address) && URL.canParse(`http://[${address}]/`);
}

/** Whether `text` is an IPv4 or IPv6 literal rather than a name. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

/** Whether `text` can be a host name: labels of letters, digits, `-` and `_`; the last label is no number (RFC 1123, section 2.1). */
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

/** The two parts of `host:port` or `[host]:port`, as they are written: neither of them is checked. */
export interface HostPortText {
  /** Without its brackets. */
  readonly host: string;
  readonly isBracketed: boolean;
  readonly port: string;
}

/** Splits `host:port` or `[host]:port`; undefined for a text of another form. */
export function splitHostPort(text: string): HostPortText | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain = "", port = ""] = match;
  return { host: bracketed ?? plain, isBracketed: bracketed !== undefined, port };
}

/** Reads `host:port`, where host is an IPv4 literal, a name, or an IPv6 literal in brackets. */
export function parseHostPort(text: string): Result<HostPort> {
  const parts = splitHostPort(text);
  if (parts === undefined) return fail(`bad target "${text}": host:port is wanted, an IPv6 host in brackets`);
  const { host, isBracketed } = parts;
  const good = isBracketed ? isIPv6(host) : isIPv4(host) || isHostName(host);
  if (!good) return fail(`bad host "${host}": an IPv4 address, a name or an [IPv6] address is wanted`);
  const port = parsePort(parts.port);
  return port.ok ? ok({ host, port: port.value }) : port;
}

/** The inverse of {@link parseHostPort}: an IPv6 host gets its brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address without `::ffff:`, the prefix that Node puts before IPv4 clients of a dual-stack listener. */
export function plainAddress(address: string): string {
  return address.startsWith("::") && address.toLowerCase().startsWith(IPV4_MAPPED) && address.includes(".")
    ? address.slice(IPV4_MAPPED.length)
    : address;
}

/** Whether to listen there is to listen on all addresses of this machine: `*`, or the unspecified address of a family. */
export function isEverywhere(host: string): boolean {
  return ["*", "0.0.0.0", "::"].includes(host);
}

/** Whether `address` is in 127.0.0.0/8 (IPv4-mapped, too) or is `::1`. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === "::1" || (plain.startsWith("127.") && isIPv4(plain));
}

/**
 * The canonical text of an address: equal addresses have equal texts. No zone, no IPv4-mapped form, IPv6 in its shortest form (RFC 5952).
 * Any other text comes back without whatever follows a `%`.
 */
export function canonicalAddress(address: string): string {
  if (isIPv4(address)) return address;
  const [bare = ""] = address.split("%", 1);
  if (!isIPv6(bare)) return bare;
  const short = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const [, high = "", low = ""] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short) ?? [];
  if (low === "") return short;
  return [high, low].flatMap((text) => [Number.parseInt(text, 16) >> 8, Number.parseInt(text, 16) & 255]).join(".");
}
