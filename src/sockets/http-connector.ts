import type { Socket } from "node:net";
import type undici from "undici";
import { formatHostPort } from "../core/net/address.js";
import { InterimResponseFilter } from "../core/net/interim-response-filter.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import type { RaceContext } from "./host-race.js";
import { buildConnector } from "./http-client.js";
import { reachHost } from "./reach-host.js";

/** Most bytes that undici gets at once: of a response head that is too long, it makes an error for each field of them. */
const MAX_READ = 1024;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** One time slice for reading all connections to a server: a server that answers in tiny pieces delays no other peer. */
class SharedSlice {
  readonly #slice = new TimeSlice(() => this.#resume());
  /** Sockets that have something to read in a later slice. */
  readonly #waiting = new Set<Socket>();

  /** Whether a socket may be read now. If not, it emits `readable` in a later slice. */
  mayRead(socket: Socket): boolean {
    if (this.#slice.takeStep()) return true;
    this.#waiting.add(socket);
    this.#slice.yield();
    return false;
  }

  #resume(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const socket of waiting) socket.emit("readable"); // undici reads then; it throws nothing
  }
}

/** For connections that wait for their next request. */
const KEEPALIVE_MS = 60_000;

/**
 * Makes the connector of undici clients that have one server in common. It removes interim responses, because undici takes a
 * `100 Continue` that it has not asked for as a fault of the server. A connection may carry one request at a time, each in one write.
 *
 * @param timeoutMs longest time to connect
 */
export function httpConnector(timeoutMs: number, context: RaceContext): undici.buildConnector.connector {
  const secure = buildConnector({ timeout: timeoutMs });
  const slice = new SharedSlice();
  return (options, callback) => {
    const { hostname, protocol, port } = options;
    const deliver: undici.buildConnector.Callback = (...outcome) => {
      const [error, socket] = outcome;
      if (error === null) filterReads(socket, slice);
      callback(...outcome);
    };
    const isSecure = protocol === "https:";
    const target = { host: hostname, port: Number(port || (isSecure ? HTTPS_PORT : HTTP_PORT)) };
    const limit = context.clock.after(timeoutMs, () => {
      attempt.cancel();
      callback(new Error(`no connection to ${formatHostPort(target)} within ${timeoutMs} ms`), null);
    });
    const attempt = reachHost(
      target,
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS },
      context,
      {
        connected(socket) {
          limit.cancel();
          if (isSecure) secure({ ...options, httpSocket: socket }, deliver);
          else deliver(null, socket);
        },
        failed(error) {
          limit.cancel();
          callback(error, null);
        },
      },
    );
  };
}

/** Replaces `read` of a socket, which undici calls, by one that obeys the slice and leaves interim responses out. */
function filterReads(socket: Socket, slice: SharedSlice): void {
  const filter = new InterimResponseFilter();
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    filter.begin();
    return write(...args);
  };
  socket.read = (size?: number) => {
    try {
      for (;;) {
        if (socket.destroyed || !slice.mayRead(socket)) return null;
        const chunk = read(size === undefined && socket.readableLength > MAX_READ ? MAX_READ : size) as Buffer | null;
        const rest = chunk === null ? null : filter.push(chunk);
        if (rest === null || rest.length > 0) return rest;
      }
    } catch (error) {
      socket.destroy(error as Error);
      return null;
    }
  };
}
