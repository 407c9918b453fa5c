/** One TCP socket of this machine as `/proc/net/tcp` and `/proc/net/tcp6` show it (proc_net_tcp, kernel documentation). */
export interface SocketRow {
  /** Local address and port, as {@link endpointKey} makes them. */
  readonly local: string;
  readonly remote: string;
  readonly state: number;
  /** Bytes received that the program has not read yet. */
  readonly unread: number;
  /** Bytes sent that the peer has not acknowledged yet. */
  readonly unacknowledged: number;
  /** How often the kernel has asked in vain since the peer last acknowledged anything: by sending again, or asking for room. */
  readonly unanswered: number;
}

const ROW =
  /^\s*\d+: ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]+):([0-9A-F]+) ([0-9A-F]{2}):[0-9A-F]+ ([0-9A-F]+)\s+\d+\s+(\d+)/;
// states (enum of the kernel's tcp_states.h, as the table prints them)
const CLOSE_WAIT = 8; // the peer's FIN has come, and takes one place in the queue that no program reads
const CLOSED_BY_PROGRAM = [4, 5, 9, 11]; // FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING
const TIME_WAIT = " 06 00000000:00000000 03:";
// the timer that is running (column tr)
const SENDING_AGAIN = "01";
const ASKING_FOR_ROOM = "04";
const MAPPED_PREFIX = "0000000000000000FFFF0000"; // ::ffff:0.0.0.0 in the kernel's words

/** One end of a connection as the kernel prints it; an IPv4-mapped address as the IPv4 address. */
function key(kernelHex: string): string {
  return kernelHex.startsWith(MAPPED_PREFIX) ? kernelHex.slice(MAPPED_PREFIX.length) : kernelHex;
}

/** Reads such a table; lines that are no rows (the heading) are passed over. */
export function parseSocketTable(text: string): SocketRow[] {
  const rows: SocketRow[] = [];
  for (const line of text.split("\n")) {
    if (line.includes(TIME_WAIT)) continue; // no program's any more, and there may be ten thousands of them
    const match = ROW.exec(line);
    if (match === null) continue;
    const [, local = "", remote = "", stateHex = "", sent = "", received = "", timer, again = "", asked = ""] = match;
    const state = Number.parseInt(stateHex, 16);
    rows.push({
      local: key(local),
      remote: key(remote),
      state,
      unread: Math.max(0, Number.parseInt(received, 16) - (state === CLOSE_WAIT ? 1 : 0)),
      unacknowledged: Number.parseInt(sent, 16),
      unanswered: timer === SENDING_AGAIN ? Number.parseInt(again, 16) : timer === ASKING_FOR_ROOM ? Number(asked) : 0,
    });
  }
  return rows;
}

/** The key of an address as Node prints it (`127.0.0.1`, `::1`, `::ffff:127.0.0.1`) and a port. */
export function endpointKey(address: string, port: number): string {
  const bytes = address.includes(":") ? bytesOfIPv6(address) : address.split(".").map(Number);
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
  let kernelHex = ""; // 32-bit words in the machine's byte order, here little-endian
  for (let word = 0; word < hex.length; word += 4)
    kernelHex += hex
      .slice(word, word + 4)
      .reverse()
      .join("");
  return key(`${kernelHex}:${port.toString(16).padStart(4, "0")}`.toUpperCase());
}

function bytesOfIPv6(address: string): number[] {
  const bare = address.split("%", 1)[0] ?? "";
  const text = bare.replace(/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_dotted, ...quad: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = "", tail] = text.split("::");
  const groups = (part: string | undefined): string[] => (part === undefined || part === "" ? [] : part.split(":"));
  const left = groups(head);
  const right = groups(tail);
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
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
