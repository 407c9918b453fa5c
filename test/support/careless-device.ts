import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { http } from "./protocols.js";

const END_OF_HEAD = "\r\n\r\n";

/**
 * An HTTP device that reads heads only: the body of a request is the next request to it. It answers one request when bytes come,
 * as {@link http} does, but for those with an answer of their own.
 */
export class CarelessDevice {
  readonly port: number;
  /** When requests came, by performance.now(). */
  readonly arrivals: number[] = [];
  /** Connections that it has taken. */
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

  /** @param special by path: what is sent at once, and what is sent before the next answer on that connection */
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
      text = text.slice(head.length); // what is left has its turn when more comes
      this.arrivals.push(performance.now());
      const path = /^\S+ (\S+)/.exec(head)?.[1] ?? "";
      const [now, later] = this.#special.get(path) ?? [http.answer(Buffer.from(head)).toString("latin1"), ""];
      socket.write(owed + now, "latin1");
      owed = later;
    });
  }
}
