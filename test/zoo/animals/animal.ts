import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { cut, type TestProtocol } from "../../support/exchange.js";
import { freePort } from "../../support/free-port.js";

/** A request that reached an animal. Times by performance.now(). */
export interface Asked {
  readonly bytes: Buffer;
  readonly at: number;
  readonly link: Link;
}

/** Makes what an animal sends for a request: calls `send` as often as it likes, at once or later. */
export type Answering = (asked: Asked, send: (bytes: Buffer) => void) => void;

/** One habit of a device. Habits combine: each wraps the ones before it. */
export interface Habit {
  /** A client has connected. The link is cut or kept, greeted or left alone. */
  connected?(link: Link, animal: Animal): void;
  /** Bytes have come. The return value goes on to the protocol. */
  received?(chunk: Buffer, link: Link): Buffer;
  /** Changes how requests are answered. */
  answers?(next: Answering): Answering;
}

/** A connection to an animal. */
export class Link {
  readonly openedAt = performance.now();
  /** When the connection was over. */
  closedAt: number | undefined;
  /** Whole requests, in their order. */
  readonly requests: Asked[] = [];
  readonly #socket: Socket;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {}); // a reset; its close follows
    socket.on("close", () => {
      this.closedAt = performance.now();
      for (const timer of this.#timers) clearTimeout(timer);
    });
  }

  get isOpen(): boolean {
    return this.closedAt === undefined && !this.#socket.destroyed;
  }

  write(bytes: Buffer | string): void {
    if (this.isOpen && this.#socket.writable) this.#socket.write(bytes);
  }

  /** Closes by FIN, behind what was written. */
  end(): void {
    this.#socket.destroySoon();
  }

  reset(): void {
    if (this.#socket.writableEnded)
      this.#socket.destroy(); // Node would leak the handle of a socket that is ending already
    else this.#socket.resetAndDestroy();
  }

  /** Stops reading or goes on: the device does not take what comes. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Does something in `ms`, unless the connection is over by then. Returns how to cancel it. */
  later(ms: number, action: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }
}

/** A simulated device on a port of its own. It records what reaches it. */
export class Animal {
  readonly port: number;
  readonly protocol: TestProtocol;
  /** All connections so far, in their order, those that a habit has cut included. */
  readonly links: Link[] = [];
  /** All requests so far, in the order of their arrival. */
  readonly requests: Asked[] = [];
  /** Every byte that has come. */
  received = Buffer.alloc(0);
  readonly #habits: readonly Habit[];
  readonly #answering: Answering;
  #server: Server;

  private constructor(protocol: TestProtocol, habits: readonly Habit[], server: Server) {
    this.protocol = protocol;
    this.port = (server.address() as AddressInfo).port;
    this.#habits = habits;
    this.#server = server;
    const promptly: Answering = ({ bytes }, send) => send(protocol.answer(bytes));
    this.#answering = habits.reduce((next, habit) => habit.answers?.(next) ?? next, promptly);
    server.on("connection", (socket) => this.#connected(socket));
  }

  /** A device of that protocol, answering at once, with these habits. */
  static async open(protocol: TestProtocol, ...habits: Habit[]): Promise<Animal> {
    return new Animal(protocol, habits, await listening(await freePort()));
  }

  /** The open connections. */
  get open(): Link[] {
    return this.links.filter((link) => link.isOpen);
  }

  /** Says something that nobody asked for, on every open connection. */
  say(bytes: Buffer | string): void {
    for (const link of this.open) link.write(bytes);
  }

  /** A power cut: resets all connections and refuses new ones. */
  async stop(): Promise<void> {
    for (const link of this.open) link.reset();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  /** The power is back: the same port takes connections again. */
  async start(): Promise<void> {
    this.#server = await listening(this.port);
    this.#server.on("connection", (socket) => this.#connected(socket));
  }

  #connected(socket: Socket): void {
    const link = new Link(socket);
    this.links.push(link);
    for (const habit of this.#habits) if (link.isOpen) habit.connected?.(link, this);
    let waiting = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      const bytes = this.#habits.reduce((rest, habit) => habit.received?.(rest, link) ?? rest, chunk);
      const { messages, rest } = cut(Buffer.concat([waiting, bytes]), this.protocol.requestLength);
      waiting = Buffer.from(rest);
      for (const message of messages) {
        if (this.#isUnderstood(message)) this.#asked({ bytes: message, at: performance.now(), link });
      }
    });
  }

  /** Whether bytes are a request at all: a device does not answer what is none. */
  #isUnderstood(bytes: Buffer): boolean {
    try {
      this.protocol.answer(bytes);
      return true;
    } catch {
      return false;
    }
  }

  #asked(asked: Asked): void {
    asked.link.requests.push(asked);
    this.requests.push(asked);
    this.#answering(asked, (bytes) => asked.link.write(bytes));
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer({ noDelay: true }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
