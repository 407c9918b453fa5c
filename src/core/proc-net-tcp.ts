/** One TCP socket of this machine as `/proc/net/tcp` and `/proc/net/tcp6` show it (proc_net_tcp, kernel documentation). */
export interface SocketRow {
  /** Local address and port, as {@link endpointKey} makes them. */
  readonly local: string;
  readonly remote: string;
  /** Bytes received that the program has not read yet. */
  readonly unread: number;
  readonly state: number;
}

const ROW = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) /;
// states (enum of the kernel's tcp_states.h, as the table prints them)
const CLOSE_WAIT = 8; // the peer's FIN has come, and takes one place in the queue that no program reads
const CLOSED_BY_PROGRAM = [4, 5, 9, 11]; // FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING
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
    const [, localHex = "", localPort = "", remoteHex = "", remotePort = "", stateHex = "", queue = ""] = match;
    const state = Number.parseInt(stateHex, 16);
    rows.push({
      local: key(networkOrder(localHex), Number.parseInt(localPort, 16)),
      remote: key(networkOrder(remoteHex), Number.parseInt(remotePort, 16)),
      unread: Math.max(0, Number.parseInt(queue, 16) - (state === CLOSE_WAIT ? 1 : 0)),
      state,
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

/** What the kernel knows of a peer that is not being read: it is there, it has closed its side, or it has reset the connection. */
export type PeerState = "present" | "ended" | "gone";

/**
 * Tells by the table what has become of a peer. One on this machine shows there itself; that matters when its FIN cannot come
 * through, because bytes that nobody takes are before it.
 *
 * @param own our end of the connection, as {@link endpointKey} makes it
 * @param peer the other end
 */
export function peerState(rows: readonly SocketRow[], own: string, peer: string): PeerState {
  if (rows.length === 0) return "present"; // no table here: nothing is known
  const row = rows.find(({ local, remote }) => local === own && remote === peer);
  if (row === undefined) return "gone";
  const counterpart = rows.find(({ local, remote }) => local === peer && remote === own);
  const ended =
    row.state === CLOSE_WAIT || (counterpart !== undefined && CLOSED_BY_PROGRAM.includes(counterpart.state));
  return ended ? "ended" : "present";
}
