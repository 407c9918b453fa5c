import { canonicalAddress, type HostPort } from "../net/address.js";

/** A file descriptor that the service manager has opened for us. */
export interface InheritedFile {
  readonly fd: number;
  /** As FileDescriptorName= has it; empty: none. */
  readonly name: string;
}

/** A socket among them that listens for clients. */
export interface InheritedSocket extends InheritedFile, HostPort {
  readonly datagrams: boolean;
}

/** A place that the daemon wants to listen on. */
export interface ListenPlace {
  readonly port: number;
  /** An address; left out: all of this machine. */
  readonly host?: string | undefined;
  readonly datagrams: boolean;
}

const FIRST_FD = 3; // SD_LISTEN_FDS_START
const MAX_FDS = 1000; // more than a configuration has lines; a wrong number must not keep the start busy
/** The states of `tcp_states.h` of a socket that listens, and of a UDP socket that is bound and not connected. */
const LISTENING = { tcp: "0A", udp: "07" } as const;
const IPV4_DIGITS = 8;

/**
 * The descriptors that the environment tells of, by sd_listen_fds(3): `LISTEN_PID` has to be our own, as the variables may have been meant for a
 * parent.
 */
export function inheritedFiles(env: Readonly<Record<string, string | undefined>>, pid: number): InheritedFile[] {
  const { LISTEN_PID = "", LISTEN_FDS = "", LISTEN_FDNAMES = "" } = env;
  if (LISTEN_PID !== String(pid) || !/^\d+$/.test(LISTEN_FDS)) return [];
  const names = LISTEN_FDNAMES.split(":");
  const count = Math.min(Number(LISTEN_FDS), MAX_FDS);
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST_FD + index, name: names[index] ?? "" }));
}

/**
 * The addresses of the sockets that listen, by inode.
 *
 * @param table the text of `/proc/net/tcp`, `tcp6`, `udp` or `udp6` (https://docs.kernel.org/networking/proc_net_tcp.html)
 */
export function listeningPlaces(table: string, protocol: keyof typeof LISTENING): Map<string, HostPort> {
  const places = new Map<string, HostPort>();
  for (const row of table.split("\n").slice(1)) {
    const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/ +/);
    if (state === LISTENING[protocol]) places.set(inode, placeOf(local));
  }
  return places;
}

/** Reads `0100007F:09C8`: 32-bit words in the byte order of the machine, which is little-endian here. */
function placeOf(kernelHex: string): HostPort {
  const [address = "", port = ""] = kernelHex.split(":");
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const host =
    address.length === IPV4_DIGITS
      ? bytes.map((byte) => Number.parseInt(byte, 16)).join(".")
      : canonicalAddress(bytes.map((byte, at) => (at > 0 && at % 2 === 0 ? `:${byte}` : byte)).join(""));
  return { host, port: Number.parseInt(port, 16) };
}

/**
 * The socket that serves a place; undefined when there is none. For all addresses that is any socket with the port, as the service manager may
 * know better; for one address it is a socket with just that one, as another would let others in.
 */
export function socketFor(place: ListenPlace, sockets: readonly InheritedSocket[]): InheritedSocket | undefined {
  const { host, port, datagrams } = place;
  const fitting = sockets.filter((socket) => socket.port === port && socket.datagrams === datagrams);
  if (host === undefined) return fitting.find((socket) => socket.host === "::") ?? fitting[0];
  return fitting.find((socket) => socket.host === canonicalAddress(host));
}
