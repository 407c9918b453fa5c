import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { cut, type TestProtocol } from "./exchange.js";
import { freePort } from "./free-port.js";
import type { Random } from "./random.js";
import { pause } from "./wait.js";

const STILL_CLOSING_MS = 100; // the end of the old connection and the new connection reach a device in any order

/** One connection to the simulator. */
export class Link {
  readonly socket: Socket;
  readonly openedAt = performance.now();
  /** The requests of this connection with their times of arrival. */
  readonly requests: { readonly bytes: Buffer; readonly at: number }[] = [];
  /** The number of requests that the device still works on. */
  outstanding = 0;
  /** Whether either side has ended or reset the connection. */
  over = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("end", () => socket.end());
    socket.on("error", () => {}); // a reset; its close follows
    socket.on("close", () => {
      this.over = true;
    });
  }

  /** Sends an answer. */
  send(bytes: Buffer): void {
    this.giveUp();
    this.write(bytes);
  }

  /** Corrects the number of requests in progress, for a missing answer or an extra one. */
  giveUp(): void {
    this.outstanding -= 1;
  }

  /** Sends an unsolicited message. */
  write(bytes: Buffer | string): void {
    if (!this.over) this.socket.write(bytes);
  }
}

/** How the simulator delivers an answer. */
export type Answering = (answer: Buffer, link: Link, request: Buffer) => void;

/** Answers at once. */
export const promptly: Answering = (answer, link) => link.send(answer);

/** Never answers. */
export const never: Answering = () => {};

/** Answers after some time. */
export function after(ms: number): Answering {
  return (answer, link) => void setTimeout(() => link.send(answer), ms);
}

/** Holds the answers until the test sends them, in any order. */
export function holding(): { readonly answering: Answering; readonly held: (() => void)[] } {
  const held: (() => void)[] = [];
  return { answering: (answer, link) => void held.push(() => link.send(answer)), held };
}

/** A device that accepts a limited number of connections, one by default, and resets further ones. */
export class Simulator {
  readonly port: number;
  answering: Answering;
  /** The accepted connections, in their order. */
  readonly links: Link[] = [];
  /** The number of connections beyond the limit. */
  refused = 0;
  /** The highest numbers at one time: of connections, and of unanswered requests of one connection. */
  mostLinks = 0;
  mostOutstanding = 0;
  readonly #protocol: TestProtocol;
  readonly #server: Server;
  readonly #limit: number;

  private constructor(protocol: TestProtocol, server: Server, answering: Answering, limit: number) {
    this.port = (server.address() as AddressInfo).port;
    this.answering = answering;
    this.#protocol = protocol;
    this.#server = server;
    this.#limit = limit;
    server.on("connection", (socket) => void this.#arrived(socket));
  }

  /** @param options `limit`: most connections at a time; `port`: a free port by default; `host`: 127.0.0.1 by default */
  static async open(
    protocol: TestProtocol,
    options: { answering?: Answering; limit?: number; port?: number; host?: string } = {},
  ): Promise<Simulator> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(options.port ?? (await freePort()), options.host ?? "127.0.0.1");
    await once(server, "listening");
    return new Simulator(protocol, server, options.answering ?? promptly, options.limit ?? 1);
  }

  /** The open connections. */
  get open(): Link[] {
    return this.links.filter((link) => !link.over);
  }

  /** All requests so far, in the order of their arrival. */
  get requests(): Buffer[] {
    return this.links
      .flatMap(({ requests }) => requests)
      .sort((one, two) => one.at - two.at)
      .map(({ bytes }) => bytes);
  }

  /** Resets all connections and keeps listening. */
  cut(): void {
    for (const { socket } of this.links) socket.destroy();
  }

  /** Stops listening and resets all connections. */
  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #arrived(socket: Socket): Promise<void> {
    const link = new Link(socket);
    if (this.open.length >= this.#limit) await pause(STILL_CLOSING_MS);
    if (this.open.length >= this.#limit) {
      this.refused += 1;
      socket.resetAndDestroy();
      return;
    }
    this.links.push(link);
    this.mostLinks = Math.max(this.mostLinks, this.open.length);
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      const { messages, rest } = cut(Buffer.concat([bytes, chunk]), this.#protocol.requestLength);
      bytes = Buffer.from(rest);
      for (const message of messages) this.#asked(link, message);
    });
  }

  #asked(link: Link, request: Buffer): void {
    link.requests.push({ bytes: request, at: performance.now() });
    link.outstanding += 1;
    this.mostOutstanding = Math.max(this.mostOutstanding, link.outstanding);
    this.answering(this.#protocol.answer(request), link, request);
  }
}

const FAULTS = ["slow", "late", "drop", "duplicate", "reorder", "close"] as const;

/** The probability of each fault, per answer. */
export type Faults = Partial<Record<(typeof FAULTS)[number], number>>;

const SLOW_MS = 60;
const HELD_MS = 40; // an answer waits so long for another one to overtake it

/**
 * Answers with faults.
 *
 * @param lateMs the delay of late answers: longer than clients wait
 * @param counts counts the faults
 */
export function faulty(
  random: Random,
  protocol: TestProtocol,
  faults: Faults,
  lateMs: number,
  counts: Record<string, number>,
): Answering {
  const letOthersGoFirst = new Map<Link, () => void>();
  return (answer, link) => {
    let fraction = random.fraction();
    const fault = FAULTS.find((each) => {
      fraction -= faults[each] ?? 0;
      return fraction < 0;
    });
    counts[fault ?? "none"] = (counts[fault ?? "none"] ?? 0) + 1;
    switch (fault) {
      case undefined:
        link.send(answer);
        break;
      case "slow": {
        // in two pieces, where no other message can come in between
        const piece = protocol.id === undefined ? random.between(0, answer.length - 1) : 0;
        link.write(answer.subarray(0, piece));
        setTimeout(() => link.send(answer.subarray(piece)), random.between(1, SLOW_MS));
        break;
      }
      case "late":
        link.giveUp();
        setTimeout(() => link.write(answer), lateMs);
        break;
      case "drop":
        link.giveUp();
        break;
      case "duplicate":
        // without ids nobody could tell a late answer from the answer to the next request
        link.send(protocol.id === undefined ? Buffer.concat([answer, answer]) : answer);
        if (protocol.id !== undefined) setTimeout(() => link.write(answer), random.between(0, SLOW_MS));
        break;
      case "reorder": {
        const send = (): void => {
          if (letOthersGoFirst.get(link) !== send) return;
          letOthersGoFirst.delete(link);
          link.send(answer);
        };
        letOthersGoFirst.get(link)?.();
        letOthersGoFirst.set(link, send);
        setTimeout(send, HELD_MS);
        return;
      }
      case "close":
        link.over = true; // the rest of the message never comes
        link.socket.write(answer.subarray(0, random.between(0, answer.length - 1)));
        if (random.chance(0.5)) link.socket.destroySoon();
        else link.socket.resetAndDestroy();
        return;
    }
    letOthersGoFirst.get(link)?.();
  };
}
