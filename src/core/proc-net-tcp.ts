/** One TCP socket of this machine as `/proc/net/tcp` and `/proc/net/tcp6` show it (proc_net_tcp, kernel documentation). */
export interface SocketRow {
  /** Local address and port, as {@link endpointKey} makes them. */
  readonly local: string;
  readonly remote: string;
  /** Bytes received that the program has not read yet. */
  readonly unread: number;
}

const ROW = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) /;
const CLOSE_WAIT = "08"; // the peer's FIN has come, and takes one place in the queue that no program reads
const MAPPED_PREFIX = "00000000000000000000ffff";

/** The key of one end of a connection: 16 address bytes in hex (IPv4 as mapped address), `:`, port. */
function key(hexAddress: string, port: number): string {
  return `${hexAddress.length === 8 ? MAPPED_PREFIX + hexAddress : hexAddress}:${port}`;
}

/** The kernel prints addresses as 32-bit words in the machine's byte order, here little-endian. */
function networkOrder(kernelHex: string): string {
  let out = "";
  for (let word = 0; word < kernelHex.length; word += 8) {
    for (let byte = 6; byte >= 0; byte -= 2) out += kernelHex.slice(word + byte, word + byte + 2);
  }
  return out.toLowerCase();
}

/** Reads such a table; lines that are no rows (the heading) are passed over. */
export function parseSocketTable(text: string): SocketRow[] {
  const rows: SocketRow[] = [];
  for (const line of text.split("\n")) {
    const match = ROW.exec(line);
    if (match === null) continue;
    const [, localHex = "", localPort = "", remoteHex = "", remotePort = "", state = "", queue = ""] = match;
    const fin = state === CLOSE_WAIT ? 1 : 0;
    rows.push({
      local: key(networkOrder(localHex), Number.parseInt(localPort, 16)),
      remote: key(networkOrder(remoteHex), Number.parseInt(remotePort, 16)),
      unread: Math.max(0, Number.parseInt(queue, 16) - fin),
    });
  }
  return rows;
}

/** The key of an address as Node prints it (`127.0.0.1`, `::1`, `::ffff:127.0.0.1`) and a port. */
export function endpointKey(address: string, port: number): string {
  const bare = address.split("%", 1)[0] ?? "";
  const lastColon = bare.lastIndexOf(":");
  const dotted = bare.includes(".") ? bare.slice(lastColon + 1) : undefined;
  const quad = dotted
    ?.split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("");
  if (quad !== undefined && lastColon < 0) return key(quad, port);
  const text = quad === undefined ? bare : `${bare.slice(0, lastColon + 1)}${quad.slice(0, 4)}:${quad.slice(4)}`;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill("0");
  return key(
    [...left, ...zeros, ...right]
      .map((group) => group.padStart(4, "0"))
      .join("")
      .toLowerCase(),
    port,
  );
}
