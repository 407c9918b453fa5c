import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const SLICE_MS = 5; // a slow network carries bytes in slices of this time

/** A network between two programs that a test can cut or slow down: connections to its port lead to another port. */
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
   * @param to the port that connections lead to
   * @param bytesPerMs the rate of each direction
   * @param port its own port; left out: any
   */
  static async open(to: number, bytesPerMs = Number.POSITIVE_INFINITY, port = 0): Promise<Network> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new Network(server, to, bytesPerMs);
  }

  /** Resets both ends of every connection. */
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
