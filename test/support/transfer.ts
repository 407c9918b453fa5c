import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { Tape } from "./tape.js";

const PIECE = 65_536;

/** A service that sends the tape of the requested key and length (`KEY LENGTH` LF) to each client, then a FIN. */
export async function startTapes(): Promise<{ readonly port: number; readonly sockets: Set<Socket>; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (request: Buffer) => {
      const [key = 0, length = 0] = request.toString().split(" ").map(Number);
      Readable.from(pieces(key, length)).pipe(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    sockets,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** The first bytes of a tape, in pieces. */
function* pieces(key: number, length: number): Generator<Buffer> {
  const tape = new Tape(key);
  while (tape.at < length) yield tape.take(Math.min(PIECE, length - tape.at));
}

/** The result of a transfer: the number of bytes, whether all were correct, and how it ended. */
export interface Transferred {
  readonly count: number;
  readonly right: boolean;
  readonly error: string | undefined;
}

/** A transfer under way: what comes is checked against the tape, byte by byte, on arrival. */
class Transfer {
  readonly socket: Socket;
  readonly done: Promise<Transferred>;
  count = 0;

  constructor(port: number, key: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const tape = new Tape(key);
    let right = true;
    let failure: string | undefined;
    this.socket.on("error", (error: NodeJS.ErrnoException) => {
      failure = error.code;
    });
    this.socket.on("data", (chunk: Buffer) => {
      this.count += chunk.length;
      right &&= tape.continuesWith(chunk);
    });
    this.done = new Promise((resolve) => {
      this.socket.on("close", () => resolve({ count: this.count, right, error: failure }));
    });
  }
}

/** Requests a tape from such a service. */
export class Download extends Transfer {
  constructor(port: number, key: number, length: number) {
    super(port, key);
    this.socket.write(`${key} ${length}\n`);
  }
}

/** Sends a tape to a service that echoes it. Ends when the echo has ended. */
export class EchoTransfer extends Transfer {
  constructor(port: number, key: number, length: number) {
    super(port, key);
    this.socket.on("data", () => {
      if (this.count >= length) this.socket.destroy();
    });
    const source = Readable.from(pieces(key, length));
    source.pipe(this.socket, { end: false });
    this.socket.on("close", () => source.destroy());
  }
}
