import { closeSync, readFileSync, readlinkSync } from "node:fs";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import {
  type InheritedFile,
  type InheritedSocket,
  type ListenPlace,
  listeningPlaces,
  socketFor,
} from "../core/supervisor/inherited-socket.js";
import type { Log } from "../log/log.js";

const TABLES = [
  ["tcp", "tcp"],
  ["tcp6", "tcp"],
  ["udp", "udp"],
  ["udp6", "udp"],
] as const;

/** The sockets that the service manager has opened for us (socket activation): ports take theirs in place of binding one. */
export class InheritedSockets {
  readonly #log: Pick<Log, "info" | "warn">;
  /** Those that no port has taken. */
  #left: InheritedSocket[] = [];

  constructor(files: readonly InheritedFile[], log: Pick<Log, "info" | "warn">) {
    this.#log = log;
    const places = files.length === 0 ? new Map() : listeningSockets();
    for (const file of files) {
      const inode = inodeOf(file.fd);
      const place = places.get(inode);
      if (place !== undefined) this.#left.push({ ...file, ...place });
      else log.warn(`${title(file)} of the service manager is not used: it is no TCP or UDP socket that listens`);
      if (place === undefined && inode !== "") closeSync(file.fd); // what is no socket may be a file of Node itself
    }
  }

  /** The socket for a place, which belongs to the caller now; undefined when there is none. */
  take(place: ListenPlace): InheritedSocket | undefined {
    const found = socketFor(place, this.#left);
    if (found === undefined) return undefined;
    this.#left = this.#left.filter((other) => other !== found);
    this.#log.info(`${title(found)} of the service manager listens on ${whereOf(found)}`);
    return found;
  }

  /** Closes those that no port has taken: their clients would wait for ever. */
  closeRest(): void {
    for (const socket of this.#left) {
      this.#log.warn(`${title(socket)} of the service manager is closed: nothing here listens on ${whereOf(socket)}`);
      closeSync(socket.fd);
    }
    this.#left = [];
  }
}

function title({ fd, name }: InheritedFile): string {
  return name === "" ? `socket ${fd}` : `socket ${fd} (${name})`;
}

function whereOf(socket: InheritedSocket): string {
  return `${socket.datagrams ? "udp:" : ""}${formatHostPort(socket)}`;
}

function inodeOf(fd: number): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? "";
  } catch {
    return ""; // there is no such descriptor
  }
}

/** All sockets of this network that listen, by inode. */
function listeningSockets(): Map<string, HostPort & { readonly datagrams: boolean }> {
  const all = new Map();
  for (const [file, protocol] of TABLES) {
    for (const [inode, place] of listeningPlaces(tableText(file), protocol)) {
      all.set(inode, { ...place, datagrams: protocol === "udp" });
    }
  }
  return all;
}

function tableText(name: string): string {
  try {
    return readFileSync(`/proc/self/net/${name}`, "latin1");
  } catch {
    return ""; // a kernel without IPv6
  }
}
