import { type HostPort, isAddress, isIPv4, isIPv6 } from "./address.js";
import { addressBytes } from "./address-bytes.js";

/** The versions of the header of a proxy (PROXY protocol, haproxy.org: doc/proxy-protocol.txt). */
export type ProxyVersion = "v1" | "v2";

/** The two ends of a client's own connection: where it is from, and where it has connected to. */
export interface Endpoints {
  readonly from: HostPort;
  readonly to: HostPort;
}

/**
 * What a header says. `client`: whom the proxy speaks for. `own`: nobody, as its health checks do, or a client that has no address (a Unix
 * socket, v1 UNKNOWN, v2 LOCAL): the ends of the connection are those of its socket.
 */
export type ProxyHeader = { readonly kind: "client"; readonly endpoints: Endpoints } | { readonly kind: "own" };

/** What a reader knows so far: it wants so many bytes more, which belong to the header whatever it is; or it has all of it; or it is no header. */
export type HeaderProgress =
  | { readonly kind: "wants"; readonly bytes: number }
  | { readonly kind: "header"; readonly header: ProxyHeader }
  | { readonly kind: "wrong"; readonly reason: string };

/** The longest line of v1, CR LF included (section 2.1). */
const V1_MAX_BYTES = 107;
const V1_START = Buffer.from("PROXY ", "latin1");
/** `PROXY UNKNOWN` with CR LF is the shortest header of all. */
const SHORTEST_BYTES = 15;
const [CR, LF] = [13, 10];
/** `PROXY TCP4 from to port port` */
const V1_WORDS = 6;

const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_FIXED_BYTES = 16;
/** Addresses and TLVs: those of HAProxy and of the clouds have some hundred bytes; nginx, too, takes 4096 in all. */
const V2_MAX_BYTES = 4096;
const TLV_HEAD_BYTES = 3;
/** Bytes of the addresses of a family; anything that is no TCP over IP counts as unknown. */
const V2_FAMILIES: Readonly<Record<number, { readonly address: number; readonly total: number }>> = {
  17: { address: 4, total: 12 },
  33: { address: 16, total: 36 },
};
const V2_UNIX_BYTES = 216;
const V2_COMMANDS = { local: 0x20, proxy: 0x21 } as const;

const OWN: HeaderProgress = { kind: "header", header: { kind: "own" } };
const NO_HEADER = "it began with something else than a PROXY header";

/**
 * Reads one header, of either version. It never wants a byte that may be behind the header: who reads no more than it wants leaves those to
 * whoever comes next.
 */
export class ProxyHeaderReader {
  #bytes = Buffer.alloc(0);

  /** How many bytes are wanted first. */
  readonly wanted = SHORTEST_BYTES;

  /** Takes bytes, no more of them than were wanted. The answer depends on the bytes only, not on how they were cut. */
  push(chunk: Buffer): HeaderProgress {
    const all = Buffer.concat([this.#bytes, chunk]);
    this.#bytes = all;
    if (startsAs(all, V1_START)) return readV1(all);
    return startsAs(all, V2_SIGNATURE) ? readV2(all) : wrong(NO_HEADER);
  }
}

/** Whether the bytes are the beginning of something, as far as there are any. */
function startsAs(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function wrong(reason: string): HeaderProgress {
  return { kind: "wrong", reason };
}

function wants(bytes: number): HeaderProgress {
  return { kind: "wants", bytes };
}

function readV1(bytes: Buffer): HeaderProgress {
  const { length } = bytes;
  const end = bytes.indexOf(LF);
  if (end < 0) {
    if (length >= V1_MAX_BYTES) return wrong(`the PROXY header is longer than ${V1_MAX_BYTES} bytes`);
    if (length < SHORTEST_BYTES) return wants(SHORTEST_BYTES - length);
    return wants(Math.min(leastMore(bytes), V1_MAX_BYTES - length));
  }
  if (bytes[end - 1] !== CR) return wrong("the PROXY header does not end with CR LF");
  return parseV1(bytes.toString("latin1", 0, end - 1));
}

/** The least that a line without LF still lacks: each word that has not begun has a blank in front of it. */
function leastMore(bytes: Buffer): number {
  if (bytes.at(-1) === CR) return 1;
  const words = bytes.toString("latin1").split(" ");
  if (words[1] === "UNKNOWN") return 1; // anything may follow, and a CR may be anywhere in it
  return 2 * Math.max(0, V1_WORDS - words.length) + 2;
}

const V1_FAMILIES: Readonly<Record<string, (address: string) => boolean>> = {
  TCP4: isIPv4,
  TCP6: (address) => isIPv6(address) && !address.includes("%"),
};

/** @param line without its end */
function parseV1(line: string): HeaderProgress {
  const [, family = "", ...words] = line.split(" ");
  if (family === "UNKNOWN") return OWN; // whatever follows is not to be read (section 2.1)
  const isOfFamily = Object.hasOwn(V1_FAMILIES, family) ? V1_FAMILIES[family] : undefined;
  if (isOfFamily === undefined)
    return wrong(`the PROXY header has the family ${JSON.stringify(family)}: TCP4, TCP6 or UNKNOWN is wanted`);
  const [from = "", to = "", ...ports] = words;
  if (words.length !== V1_WORDS - 2) return wrong("the PROXY header lacks two addresses and two ports");
  const bad = [from, to].find((address) => !isOfFamily(address));
  if (bad !== undefined) return wrong(`the PROXY header has ${JSON.stringify(bad)}, which is no address of ${family}`);
  const [fromPort, toPort] = ports.map(portOf);
  if (fromPort === undefined || toPort === undefined) return wrong("the PROXY header has a port that is none");
  return clientAt({ host: from, port: fromPort }, { host: to, port: toPort });
}

/** A port in decimal, without leading zeros. */
function portOf(text: string): number | undefined {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function clientAt(from: HostPort, to: HostPort): HeaderProgress {
  return { kind: "header", header: { kind: "client", endpoints: { from: plain(from), to: plain(to) } } };
}

/** IPv4 in the form of IPv6 is IPv4. */
function plain({ host, port }: HostPort): HostPort {
  const bytes = addressBytes(host);
  return { host: bytes?.length === 4 ? bytes.join(".") : host, port };
}

function readV2(bytes: Buffer): HeaderProgress {
  const { length } = bytes;
  if (length < SHORTEST_BYTES) return wants(SHORTEST_BYTES - length);
  const command = bytes[V2_SIGNATURE.length] ?? 0;
  if (command >> 4 !== 2) return wrong(`the PROXY header is of version ${command >> 4}, not of 2`);
  if (command !== V2_COMMANDS.local && command !== V2_COMMANDS.proxy) {
    return wrong(`the PROXY header has the command ${command & 15}: 0 or 1 is wanted`);
  }
  if (length < V2_FIXED_BYTES) return wants(V2_FIXED_BYTES - length);
  const total = V2_FIXED_BYTES + bytes.readUInt16BE(V2_FIXED_BYTES - 2);
  if (total > V2_MAX_BYTES) return wrong(`the PROXY header has ${total} bytes, ${V2_MAX_BYTES} are the most`);
  if (length < total) return wants(total - length);
  return parseV2(command, bytes[V2_SIGNATURE.length + 1] ?? 0, bytes.subarray(V2_FIXED_BYTES, total));
}

/** @param body what follows the sixteen bytes */
function parseV2(command: number, family: number, body: Buffer): HeaderProgress {
  if (command === V2_COMMANDS.local) return OWN; // the family and what follows are not to be read (section 2.2)
  const known = V2_FAMILIES[family];
  if (known === undefined)
    return family >> 4 > 3 || (family & 15) > 2
      ? wrong(`the PROXY header has the family 0x${family.toString(16)}, which is none`)
      : lengthChecked(family, body);
  if (body.length < known.total) return wrong("the PROXY header is shorter than its addresses");
  if (!areTlvs(body.subarray(known.total))) return wrong("the PROXY header ends in the middle of a TLV");
  const host = (at: number): string => addressText(body.subarray(at, at + known.address));
  const ports = 2 * known.address;
  return clientAt(
    { host: host(0), port: body.readUInt16BE(ports) },
    { host: host(known.address), port: body.readUInt16BE(ports + 2) },
  );
}

/** A client by another way than TCP over IP: a datagram, a Unix socket, or nothing that the proxy knows. */
function lengthChecked(family: number, body: Buffer): HeaderProgress {
  const least = family >> 4 === 3 ? V2_UNIX_BYTES : 0;
  return body.length < least ? wrong("the PROXY header is shorter than its addresses") : OWN;
}

function areTlvs(bytes: Buffer): boolean {
  let at = 0;
  while (at + TLV_HEAD_BYTES <= bytes.length) at += TLV_HEAD_BYTES + bytes.readUInt16BE(at + 1);
  return at === bytes.length;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/**
 * The header that tells a server whom the connection is for.
 *
 * @param endpoints undefined, or addresses that are none: the connection is our own, or its client has no address
 */
export function proxyHeader(version: ProxyVersion, endpoints: Endpoints | undefined): Buffer {
  const isKnown = endpoints !== undefined && [endpoints.from, endpoints.to].every(({ host }) => isAddress(host));
  const ends = isKnown ? ofOneFamily(endpoints) : undefined;
  return version === "v1" ? writeV1(ends) : writeV2(ends);
}

/** Both ends as bytes: of IPv4, or else both of IPv6. */
interface Ends {
  readonly from: { readonly bytes: Buffer; readonly port: number };
  readonly to: { readonly bytes: Buffer; readonly port: number };
}

function ofOneFamily({ from, to }: Endpoints): Ends {
  const [fromBytes, toBytes] = [from, to].map(({ host }) => Buffer.from(addressBytes(host) ?? []));
  const [a, b] = [fromBytes ?? Buffer.alloc(4), toBytes ?? Buffer.alloc(4)];
  const [isA4, isB4] = [a.length === 4, b.length === 4];
  const [x, y] = isA4 === isB4 ? [a, b] : [inIPv6(a), inIPv6(b)];
  return { from: { bytes: x, port: from.port }, to: { bytes: y, port: to.port } };
}

/** `::ffff:192.0.2.1` */
function inIPv6(bytes: Buffer): Buffer {
  return bytes.length === 16 ? bytes : Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255]), bytes]);
}

function writeV1(ends: Ends | undefined): Buffer {
  if (ends === undefined) return Buffer.from("PROXY UNKNOWN\r\n", "latin1");
  const { from, to } = ends;
  const family = from.bytes.length === 4 ? "TCP4" : "TCP6";
  const words = ["PROXY", family, addressText(from.bytes), addressText(to.bytes), from.port, to.port];
  return Buffer.from(`${words.join(" ")}\r\n`, "latin1");
}

function writeV2(ends: Ends | undefined): Buffer {
  const fixed = Buffer.alloc(V2_FIXED_BYTES);
  V2_SIGNATURE.copy(fixed);
  if (ends === undefined) {
    fixed[V2_SIGNATURE.length] = V2_COMMANDS.local;
    return fixed;
  }
  const { from, to } = ends;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from.port, 0);
  ports.writeUInt16BE(to.port, 2);
  const body = Buffer.concat([from.bytes, to.bytes, ports]);
  fixed[V2_SIGNATURE.length] = V2_COMMANDS.proxy;
  fixed[V2_SIGNATURE.length + 1] = from.bytes.length === 4 ? 17 : 33;
  fixed.writeUInt16BE(body.length, V2_FIXED_BYTES - 2);
  return Buffer.concat([fixed, body]);
}
