import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "./random.js";

/** How a connection is lost: both sides see a reset; both see FIN; only the device sees the reset, and the server sees nothing at all. */
export type Loss = "reset" | "fin" | "unseen by server";

/** One planned cut. */
export interface Cut {
  /** So many bytes pass before it, of both directions together, since the cut before. */
  readonly afterBytes: number;
  readonly loss: Loss;
  /** For so long nobody gets through. */
  readonly downMs: number;
}

/** Cuts at random bytes, all of them within so many. */
export function cutsWithin(random: Random, bytes: number, downMs: readonly number[]): Cut[] {
  const parts = downMs.map(() => random.fraction());
  const all = parts.reduce((sum, part) => sum + part, 0);
  return downMs.map((ms, index) => ({
    afterBytes: Math.max(1, Math.floor(((parts[index] ?? 0) / all) * bytes)),
    loss: random.pick(["reset", "fin", "unseen by server"] as const),
    downMs: ms,
  }));
}

/** A network that loses connections as planned, at any byte of them. Its port leads to a server's port. */
export class BadNetwork {
  readonly port: number;
  /** The cuts so far. */
  cuts = 0;
  readonly #plan: Cut[];
  readonly #server: Server;
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #passed = 0;
  #down = false;
  /** Nothing passes between the last byte before a cut and the cut. */
  #isCutting = false;

  private constructor(server: Server, to: number, plan: readonly Cut[]) {
    this.#server = server;
    this.#to = to;
    this.#plan = [...plan];
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => this.#join(near));
  }

  static async open(to: number, plan: readonly Cut[] = []): Promise<BadNetwork> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new BadNetwork(server, to, plan);
  }

  /** Nobody gets through from now on, or everybody. */
  set down(isDown: boolean) {
    this.#down = isDown;
  }

  /** Loses all connections now. */
  cut(loss: Loss): void {
    this.cuts += 1;
    for (const socket of this.#sockets) {
      const isServers = socket.remotePort === this.#to;
      if (loss === "reset" || (loss === "unseen by server" && !isServers)) socket.resetAndDestroy();
      else if (loss === "fin") socket.end();
      this.#sockets.delete(socket);
      socket.removeAllListeners("data");
      if (loss === "fin") socket.resume();
    }
  }

  close(): void {
    this.cut("reset");
    this.#server.close();
  }

  #join(near: Socket): void {
    near.on("error", () => {});
    if (this.#down) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: this.#to, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("end", () => to.end());
      from.on("close", () => {
        if (this.#sockets.delete(from)) to.destroy();
      });
      from.on("data", (chunk: Buffer) => this.#carry(chunk, from, to));
    }
  }

  #carry(chunk: Buffer, from: Socket, to: Socket): void {
    if (this.#isCutting) return;
    const [next] = this.#plan;
    const left = (next?.afterBytes ?? Number.POSITIVE_INFINITY) - this.#passed;
    this.#passed += chunk.length;
    if (!to.write(chunk.length < left ? chunk : chunk.subarray(0, left))) {
      from.pause();
      to.once("drain", () => from.resume());
    }
    if (next === undefined || chunk.length < left) return;
    this.#plan.shift();
    this.#passed = 0;
    this.#down = true;
    this.#isCutting = true;
    setImmediate(() => {
      this.cut(next.loss); // the last bytes are with the kernel by now
      this.#isCutting = false;
      setTimeout(() => {
        this.#down = false;
      }, next.downMs).unref();
    });
  }
}
