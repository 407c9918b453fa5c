/**
 * One TCP socket of this machine: a row of `/proc/net/tcp` or `/proc/net/tcp6`
 * (https://docs.kernel.org/networking/proc_net_tcp.html). The numbers of bytes are the column `tx_queue:rx_queue`.
 */
export interface SocketRow {
  /** The key of the local address and port, see {@link endpointKey}. */
  readonly local: string;
  /** The key of the remote address and port. */
  readonly remote: string;
  /** A number of `enum` in the kernel's `tcp_states.h`. */
  readonly state: number;
  /** Received bytes that the program has not read yet. */
  readonly unread: number;
  /** Sent bytes that the peer has not acknowledged yet; a FIN counts as one. */
  readonly unacknowledged: number;
  /** Retransmissions, or zero-window probes, since the peer last acknowledged anything. */
  readonly unansweredProbes: number;
  /** The peer has no room, and nothing is under way to it: it has got nothing of what it has not acknowledged. */
  readonly isWindowClosed: boolean;
}

/** The peer's FIN has come; the kernel counts it as one unread byte. */
const CLOSE_WAIT = 8;
/** FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING: the program has closed the socket, or its sending side. */
const CLOSED_BY_PROGRAM = [4, 5, 9, 11];
/** No program owns the socket any more (`TIME_WAIT`), as the kernel prints it. */
const UNOWNED = " 06 ";

/** Values of the column `tr`: the timer that runs. */
const RETRANSMIT_TIMER = "01";
const ZERO_WINDOW_PROBE_TIMER = "04";

/** `::ffff:0.0.0.0` as the kernel prints it. */
const MAPPED_PREFIX = "0000000000000000FFFF0000";

/** The key of an endpoint that the kernel prints as `kernelHex`: an IPv4-mapped address becomes the IPv4 address. */
function keyOf(kernelHex: string): string {
  return kernelHex.startsWith(MAPPED_PREFIX) ? kernelHex.slice(MAPPED_PREFIX.length) : kernelHex;
}

/** The key of a connection, made of the keys of its two endpoints. */
export function pairKey(local: string, remote: string): string {
  return `${local} ${remote}`;
}

/**
 * Calls `found` for each socket of a table that a program owns. A table can have a hundred thousand lines, nearly all of them without a
 * program, so this function finds only the key; {@link parseSocketRow} reads the lines that matter.
 *
 * @param text a part of the table that ends at the end of a line
 * @param found takes the {@link pairKey} of the connection and its line
 * @returns whether there was any socket
 */
export function forEachSocketLine(text: string, found: (pair: string, line: string) => void): boolean {
  let end = 0;
  let isAny = false;
  for (let at = 0; at < text.length; at = end + 1) {
    end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    // `  12: 0100007F:09C8 0100007F:D431 01 …`; the heading has no ": "
    const begin = text.indexOf(": ", at) + 2;
    const between = text.indexOf(" ", begin);
    const behind = text.indexOf(" ", between + 1);
    if (begin < at + 2 || between < begin || behind < between || behind > end) continue;
    isAny = true;
    if (text.startsWith(UNOWNED, behind)) continue;
    const mapped = text.startsWith(MAPPED_PREFIX, begin);
    const pair = mapped
      ? pairKey(keyOf(text.slice(begin, between)), keyOf(text.slice(between + 1, behind)))
      : text.slice(begin, behind);
    found(pair, text.slice(at, end));
  }
  return isAny;
}

/** Reads one line of {@link forEachSocketLine}; undefined for text that is no row. */
export function parseSocketRow(line: string): SocketRow | undefined {
  const [, local, remote, stateHex, queues = "", timers = "", retransmissions = "", , probes = ""] = line
    .trim()
    .split(/ +/);
  if (local === undefined || remote === undefined || stateHex === undefined) return undefined;
  const state = Number.parseInt(stateHex, 16);
  const [sent = "", received = ""] = queues.split(":");
  const unansweredProbes = timers.startsWith(RETRANSMIT_TIMER)
    ? Number.parseInt(retransmissions, 16)
    : timers.startsWith(ZERO_WINDOW_PROBE_TIMER)
      ? Number(probes)
      : 0;
  const unread = Number.parseInt(received, 16) - (state === CLOSE_WAIT ? 1 : 0);
  const unacknowledged = Number.parseInt(sent, 16);
  if (Number.isNaN(state + unread + unacknowledged + unansweredProbes)) return undefined;
  return {
    local: keyOf(local),
    remote: keyOf(remote),
    state,
    unread: Math.max(0, unread),
    unacknowledged,
    unansweredProbes,
    isWindowClosed: timers.startsWith(ZERO_WINDOW_PROBE_TIMER),
  };
}

/** The key of an endpoint in the kernel's notation, from an address as Node prints it (`127.0.0.1`, `::1`, `::ffff:127.0.0.1`) and a port. */
export function endpointKey(address: string, port: number): string {
  const bytes = address.includes(":") ? bytesOfIPv6(address) : address.split(".").map(Number);
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");
  let kernelHex = ""; // 32-bit words in the byte order of the machine; this code assumes little-endian
  for (let at = 0; at < bytes.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(at, at + 4);
    kernelHex += hex(((d * 256 + c) * 256 + b) * 256 + a, 8);
  }
  return keyOf(`${kernelHex}:${hex(port, 4)}`);
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

/** The state of a peer whose socket nobody reads at the moment: connected, closed its side, or reset the connection. */
export type PeerState = "present" | "ended" | "gone";

/**
 * The state of a peer by the socket table. The table shows both sockets of a connection within this machine. The peer's row tells of a close
 * that the own row cannot show: a FIN waits behind bytes that the daemon has not read.
 *
 * @param own the row of the daemon's socket; undefined when the table has none
 * @param peer the row of the peer's socket; undefined for a peer on another machine
 */
export function peerState(own: SocketRow | undefined, peer: SocketRow | undefined): PeerState {
  if (own === undefined) return "gone";
  const ended = own.state === CLOSE_WAIT || (peer !== undefined && CLOSED_BY_PROGRAM.includes(peer.state));
  return ended ? "ended" : "present";
}
