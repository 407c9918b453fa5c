import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const SLICE_MS = 5; // a slow network passes bytes on a little at a time

/** A network between two programs, which can be cut, and may be slow: connections to its port go on to another one. */
export class Network {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, to: number, bytesPerMs: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => {
      const far = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        carry(socket, other, bytesPerMs);
      }
    });
  }

  /**
   * @param to the port that connections go on to
   * @param bytesPerMs how much it carries each way
   */
  static async open(to: number, bytesPerMs = Number.POSITIVE_INFINITY): Promise<Network> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Network(server, to, bytesPerMs);
  }

  /** Resets every connection, at both of its ends. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

function carry(from: Socket, to: Socket, bytesPerMs: number): void {
  if (bytesPerMs === Number.POSITIVE_INFINITY) {
    from.pipe(to);
    return;
  }
  let freeAt = 0;
  const waiting: Buffer[] = [];
  const next = (): void => {
    const slice = waiting.shift();
    if (slice === undefined) {
      from.resume();
      return;
    }
    to.write(slice);
    freeAt = Math.max(freeAt, performance.now()) + slice.length / bytesPerMs;
    setTimeout(next, freeAt - performance.now());
  };
  from.on("end", () => to.end());
  from.on("data", (chunk: Buffer) => {
    from.pause();
    const most = Math.max(1, Math.round(SLICE_MS * bytesPerMs));
    for (let at = 0; at < chunk.length; at += most) waiting.push(chunk.subarray(at, at + most));
    next();
  });
}
