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
  readonly unansweredProbes: number;
}

// states (enum of the kernel's tcp_states.h, as the table prints them)
const CLOSE_WAIT = 8; // the peer's FIN has come, and takes one place in the queue that no program reads
const CLOSED_BY_PROGRAM = [4, 5, 9, 11]; // FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING
const TIME_WAIT = 6; // no program's any more
// the timer that is running (column tr)
const SENDING_AGAIN = "01";
const ASKING_FOR_ROOM = "04";
const MAPPED_PREFIX = "0000000000000000FFFF0000"; // ::ffff:0.0.0.0 in the kernel's words

/** One end of a connection as the kernel prints it; an IPv4-mapped address as the IPv4 address. */
function key(kernelHex: string): string {
  return kernelHex.startsWith(MAPPED_PREFIX) ? kernelHex.slice(MAPPED_PREFIX.length) : kernelHex;
}

/** What both ends of a connection are called together. */
export function pairKey(local: string, remote: string): string {
  return `${local} ${remote}`;
}

/**
 * The line of each connection in a piece of such a table that ends at the end of a line. Little is done for each line, because there
 * may be a hundred thousand: {@link parseSocketRow} reads those that are wanted.
 *
 * @param found called with {@link pairKey} and the line; not for the heading
 */
export function forEachSocketLine(text: string, found: (pair: string, line: string) => void): void {
  let end = 0;
  for (let at = 0; at < text.length; at = end + 1) {
    end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    // `  12: 0100007F:09C8 0100007F:D431 01 …`; in the heading no colon comes early
    const begin = text.indexOf(": ", at) + 2;
    const between = text.indexOf(" ", begin);
    const behind = text.indexOf(" ", between + 1);
    if (begin < at + 2 || between < begin || behind < between || behind > end) continue;
    const mapped = text.startsWith(MAPPED_PREFIX, begin);
    const pair = mapped
      ? pairKey(key(text.slice(begin, between)), key(text.slice(between + 1, behind)))
      : text.slice(begin, behind);
    found(pair, text.slice(at, end));
  }
}

/** Reads one line; nothing when it is no program's socket, or no row at all. */
export function parseSocketRow(line: string): SocketRow | undefined {
  const [, local, remote, stateHex, queues = "", timers = "", again = "", , asked = ""] = line.trim().split(/ +/);
  if (local === undefined || remote === undefined || stateHex === undefined) return undefined;
  const state = Number.parseInt(stateHex, 16);
  const [sent = "", received = ""] = queues.split(":");
  const unansweredProbes = timers.startsWith(SENDING_AGAIN)
    ? Number.parseInt(again, 16)
    : timers.startsWith(ASKING_FOR_ROOM)
      ? Number(asked)
      : 0;
  const unread = Number.parseInt(received, 16) - (state === CLOSE_WAIT ? 1 : 0);
  const unacknowledged = Number.parseInt(sent, 16);
  if (state === TIME_WAIT || Number.isNaN(unread + unacknowledged + unansweredProbes)) return undefined;
  return {
    local: key(local),
    remote: key(remote),
    state,
    unread: Math.max(0, unread),
    unacknowledged,
    unansweredProbes,
  };
}

/** The key of an address as Node prints it (`127.0.0.1`, `::1`, `::ffff:127.0.0.1`) and a port. */
export function endpointKey(address: string, port: number): string {
  const bytes = address.includes(":") ? bytesOfIPv6(address) : address.split(".").map(Number);
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");
  let kernelHex = ""; // 32-bit words in the machine's byte order, here little-endian
  for (let at = 0; at < bytes.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(at, at + 4);
    kernelHex += hex(((d * 256 + c) * 256 + b) * 256 + a, 8);
  }
  return key(`${kernelHex}:${hex(port, 4)}`);
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
 * @param own the row of our end of the connection
 * @param peer the row of the other end
 */
export function peerState(own: SocketRow | undefined, peer: SocketRow | undefined): PeerState {
  if (own === undefined) return "gone";
  const ended = own.state === CLOSE_WAIT || (peer !== undefined && CLOSED_BY_PROGRAM.includes(peer.state));
  return ended ? "ended" : "present";
}
