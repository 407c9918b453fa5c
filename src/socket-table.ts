import { readFile } from "node:fs/promises";
import type { Clock } from "./clock.js";
import { parseSocketTable, type SocketRow } from "./core/proc-net-tcp.js";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const FRESH_MS = 100; // the tables are read at most this often, however many connections ask

/** The kernel's table of TCP sockets; empty where there is none. */
export class SocketTable {
  readonly #clock: Clock;
  #readAt = Number.NEGATIVE_INFINITY;
  #rows: Promise<readonly SocketRow[]> = Promise.resolve([]);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All sockets of this machine as they are now, or were a tenth of a second ago. */
  rows(): Promise<readonly SocketRow[]> {
    const now = this.#clock.now();
    if (now - this.#readAt >= FRESH_MS) {
      this.#readAt = now;
      this.#rows = Promise.all(TABLES.map(readTable)).then((tables) => tables.flatMap(parseSocketTable));
    }
    return this.#rows;
  }
}

function readTable(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => ""); // no IPv6, no table
}
