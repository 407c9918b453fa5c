import type { Socket } from "node:net";
import { buildConnector } from "undici";
import { InterimResponseFilter } from "../core/net/interim-response-filter.js";
import { TimeSlice } from "../scheduling/time-slice.js";

/** So many bytes are given to undici at once: of a head that is too long, it makes an error for each field of them. */
const PIECE = 1024;

/** One server's answers, on however many connections: they are read in turns. */
class Reading {
  readonly #slice = new TimeSlice(() => this.#goOn());
  /** Those that have something to be read in a later turn. */
  readonly #waiting = new Set<Socket>();

  /** Whether a socket may be read now; else it is told later that it can. */
  mayRead(socket: Socket): boolean {
    if (this.#slice.takeStep()) return true;
    this.#waiting.add(socket);
    this.#slice.yield();
    return false;
  }

  #goOn(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const socket of waiting) socket.emit("readable"); // undici reads then; it throws nothing
  }
}

/**
 * Connects for clients of undici that have a server in common, and keeps interim answers from them: undici takes `100 Continue` for a
 * fault of the server when it has not asked for it. Good for one request at a time on a connection, written at once.
 */
export function connectorFor(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs });
  const reading = new Reading();
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [error, socket] = outcome;
      if (error === null) regulate(socket, reading);
      callback(...outcome);
    });
}

function regulate(socket: Socket, reading: Reading): void {
  const answers = new InterimResponseFilter();
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    answers.begin();
    return write(...args);
  };
  socket.read = (size?: number) => {
    try {
      for (;;) {
        if (socket.destroyed || !reading.mayRead(socket)) return null;
        const chunk = read(size === undefined && socket.readableLength > PIECE ? PIECE : size) as Buffer | null;
        const rest = chunk === null ? null : answers.push(chunk);
        if (rest === null || rest.length > 0) return rest;
      }
    } catch (error) {
      socket.destroy(error as Error);
      return null;
    }
  };
}
