import { type FileHandle, open } from "node:fs/promises";
import type { Clock } from "./clock.js";
import { parseSocketTable, type SocketRow } from "./core/proc-net-tcp.js";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const FRESH_MS = 100; // the tables are read at most this often, however many connections ask
const CHUNK = 65_536;

/** The kernel's table of TCP sockets; empty where there is none. */
export class SocketTable {
  readonly #clock: Clock;
  readonly #paths: readonly string[];
  #readAt = Number.NEGATIVE_INFINITY;
  #rows: Promise<readonly SocketRow[]> = Promise.resolve([]);
  #indexed: readonly SocketRow[] | undefined;
  #index = new Map<string, SocketRow>();

  /** @param paths where the kernel keeps it */
  constructor(clock: Clock, paths = TABLES) {
    this.#clock = clock;
    this.#paths = paths;
  }

  /** All sockets of this machine as they are now, or were a tenth of a second ago. */
  rows(): Promise<readonly SocketRow[]> {
    const now = this.#clock.now();
    if (now - this.#readAt >= FRESH_MS) {
      this.#readAt = now;
      this.#rows = Promise.all(this.#paths.map(readTable)).then((tables) => tables.flat());
    }
    return this.#rows;
  }

  /** The socket with these two ends, as {@link endpointKey} makes them; nothing where there is none, or no table. */
  async row(local: string, remote: string): Promise<SocketRow | undefined> {
    const rows = await this.rows();
    if (rows !== this.#indexed) {
      this.#indexed = rows;
      this.#index = new Map(rows.map((row) => [`${row.local} ${row.remote}`, row]));
    }
    return this.#index.get(`${local} ${remote}`);
  }
}

/** Reads a table piece by piece, so that one of a hundred thousand rows holds up nobody. */
async function readTable(path: string): Promise<SocketRow[]> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch {
    return []; // no IPv6, no table
  }
  try {
    const rows: SocketRow[] = [];
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    let rest = "";
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return rows;
      const text = rest + buffer.toString("latin1", 0, bytesRead);
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      for (const row of parseSocketTable(text.slice(0, end))) rows.push(row);
    }
  } finally {
    await file.close();
  }
}
