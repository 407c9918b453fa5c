import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { http } from "./protocols.js";

const END_OF_HEAD = "\r\n\r\n";

/**
 * An HTTP device that reads heads only: it takes the body of a request for the next request. When bytes come it answers one request, as
 * {@link http} does, except for paths with an answer of their own.
 */
export class CarelessDevice {
  readonly port: number;
  /** The arrival times of the requests, by performance.now(). */
  readonly arrivals: number[] = [];
  /** The connections that it has accepted. */
  links = 0;
  readonly #server: Server;
  readonly #special: ReadonlyMap<string, readonly [now: string, later: string]>;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, special: ReadonlyMap<string, readonly [string, string]>) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#special = special;
    server.on("connection", (socket) => this.#arrived(socket));
  }

  /** @param special by path: the text to send at once, and the text to send before the next answer of that connection */
  static async open(
    special: Readonly<Record<string, readonly [now: string, later: string]>> = {},
  ): Promise<CarelessDevice> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CarelessDevice(server, new Map(Object.entries(special)));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #arrived(socket: Socket): void {
    this.links += 1;
    this.#sockets.add(socket);
    let [text, owed] = ["", ""];
    socket.on("error", () => {}); // a reset
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const end = text.indexOf(END_OF_HEAD);
      if (end < 0) return;
      const head = text.slice(0, end + END_OF_HEAD.length);
      text = text.slice(head.length); // the rest waits for the next bytes
      this.arrivals.push(performance.now());
      const path = /^\S+ (\S+)/.exec(head)?.[1] ?? "";
      const [now, later] = this.#special.get(path) ?? [http.answer(Buffer.from(head)).toString("latin1"), ""];
      socket.write(owed + now, "latin1");
      owed = later;
    });
  }
}
