import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { cut } from "./exchange.js";
import { freePort } from "./free-port.js";
import { telegram as telegramBytes } from "./protocols.js";

/** A telegram with checksum and brackets: `S0000000000F01D00` → `<S0000000000F01D00FA>`. */
export function telegram(text: string): string {
  return telegramBytes(text).toString("latin1");
}

/** The telegram that asks all modules for their serial numbers. */
export const DISCOVERY = telegram("S0000000000F01D00");

/** The telegram that asks a module for a datapoint. */
export function read(serial: string, datapoint: string): string {
  return telegram(`S${serial}F02D${datapoint}`);
}

/** A module on the bus: the data of its datapoints by their two characters. */
export interface Module {
  readonly serial: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** The modules of the session in docs/reverse-proxy.md, with a version, and the temperature of a sensor. */
export const MODULES: readonly Module[] = [
  { serial: "0020030837", data: { "02": "XP230_V1.00.04", "18": "+26,0\u00a7C" } },
  { serial: "0020044966", data: { "02": "XP24_V0.34.03", "18": "+19,5\u00a7C" } },
];

/** How the simulator writes answers. */
export interface Manner {
  /** The delay before each answer. */
  readonly delayMs?: number;
  /** Writes each answer in pieces of so many bytes. */
  readonly chunk?: number;
  /** Writes all answers to one read at once, in place of one write each. */
  readonly coalesce?: boolean;
}

/** One connection to the simulator. */
export class ConbusLink {
  readonly socket: Socket;
  /** The received bytes, as Latin-1. */
  received = "";
  /** The received telegrams. */
  readonly telegrams: string[] = [];
  closed = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {}); // a reset; its close follows
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Writes an answer behind the earlier ones. */
  send(text: string, { delayMs = 0, chunk = text.length }: Manner = {}): void {
    this.#queue = this.#queue.then(async () => {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      for (let at = 0; at < text.length && !this.closed; at += chunk) {
        this.socket.write(text.slice(at, at + chunk), "latin1");
        if (chunk < text.length) await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }
}

/** A Conbus server on the loopback address, with modules behind it. */
export class ConbusServer {
  replyMode: Manner;
  /** All connections so far, in the order of their arrival. */
  readonly links: ConbusLink[] = [];
  readonly port: number;
  readonly #server: Server;
  readonly #modules: readonly Module[];

  private constructor(server: Server, modules: readonly Module[], replyMode: Manner) {
    this.port = (server.address() as AddressInfo).port;
    this.replyMode = replyMode;
    this.#server = server;
    this.#modules = modules;
    server.on("connection", (socket) => this.#arrived(socket));
  }

  /** @param options `port`: a free port by default */
  static async open({
    modules = MODULES,
    port,
    replyMode = {},
  }: {
    modules?: readonly Module[];
    port?: number;
    replyMode?: Manner;
  } = {}): Promise<ConbusServer> {
    const server = createServer({ noDelay: true });
    server.listen(port ?? (await freePort()), "127.0.0.1");
    await once(server, "listening");
    return new ConbusServer(server, modules, replyMode);
  }

  /** The open connections. */
  get open(): ConbusLink[] {
    return this.links.filter(({ closed }) => !closed);
  }

  /** All telegrams so far, connection by connection. */
  get telegrams(): string[] {
    return this.links.flatMap(({ telegrams }) => telegrams);
  }

  /** Sends an unsolicited telegram to every client. */
  event(text: string): void {
    for (const link of this.open) link.send(telegram(text));
  }

  /** Resets all connections and keeps listening. */
  cut(): void {
    for (const { socket } of this.links) socket.destroy();
  }

  /** Stops listening and resets all connections. */
  async stop(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #arrived(socket: Socket): void {
    const link = new ConbusLink(socket);
    this.links.push(link);
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      link.received += chunk.toString("latin1");
      const { messages, rest } = cut(Buffer.concat([bytes, chunk]), (left) => left.indexOf(">") + 1);
      bytes = Buffer.from(rest);
      const asked = messages.map((message) => message.toString("latin1").replace(/^[^<]*/, ""));
      link.telegrams.push(...asked);
      const answers = asked.flatMap((each) => this.#answers(each));
      const writes = this.replyMode.coalesce && answers.length > 0 ? [answers.join("")] : answers;
      for (const each of writes) link.send(each, this.replyMode);
    });
  }

  #answers(asked: string): string[] {
    const [, serial, code, datapoint = ""] = /^<S(\d{10})(F\d\d)D(..).*>$/.exec(asked) ?? [];
    if (serial === "0000000000" && code === "F01") return this.#modules.map((each) => telegram(`R${each.serial}F01D`));
    const module = this.#modules.find((each) => each.serial === serial);
    if (module === undefined) return [];
    if (code === "F02") return [telegram(`R${serial}F02D${datapoint}${module.data?.[datapoint] ?? ""}`)];
    if (code === "F27") return [telegram(`R${serial}F18D`)];
    return [];
  }
}
