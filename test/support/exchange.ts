import { Client } from "./net.js";

/** A protocol of requests and answers, as tests need it: written anew here, so that it cannot share a fault of the daemon. */
export interface TestProtocol {
  /** As `PROT=` names it. */
  readonly name: string;
  /** A request about something; another number asks about something else. */
  request(key: number, id: number): Buffer;
  /** The device's answer, which tells what was asked. */
  answer(request: Buffer): Buffer;
  /** How long the first message in these bytes is; 0: it is not there whole. */
  requestLength(bytes: Buffer): number;
  answerLength(bytes: Buffer): number;
  /** What ties an answer to its request, where messages have such a thing; without it, their order does. */
  id?(message: Buffer): number;
  /** What an answer says, without what a gateway may change of it. */
  meaning(answer: Buffer): string;
  /** Whether an answer is the gateway's own: that there is none of the device. */
  isRefusal(answer: Buffer): boolean;
}

/** Takes whole messages off the front; returns them and what is left. */
export function cut(bytes: Buffer, lengthOf: (bytes: Buffer) => number): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const length = lengthOf(rest);
    if (length === 0 || length > rest.length) return { messages, rest };
    messages.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
}

/** What became of a request: the device's own answer, a refusal in its place, somebody else's answer, or the end. */
export type Outcome = "right" | "refused" | "wrong" | "closed" | "silent";

interface Waiting {
  readonly request: Buffer;
  readonly resolve: (answer: Buffer | undefined) => void;
}

/** A client that asks, and may ask again before it is answered. */
export class Asker {
  readonly client: Client;
  /** Answers to nothing this client waits for. */
  readonly surplus: Buffer[] = [];
  readonly #protocol: TestProtocol;
  #waiting: Waiting[] = [];
  #lastId = 0;

  constructor(client: Client, protocol: TestProtocol) {
    this.client = client;
    this.#protocol = protocol;
    client.socket.on("data", () => this.#received()); // after the client itself has taken it
    client.socket.on("end", () => this.#over());
    client.socket.on("close", () => this.#over());
  }

  static async open(port: number, protocol: TestProtocol): Promise<Asker> {
    return new Asker(await Client.open(port), protocol);
  }

  /** Another id for each request. */
  nextId(): number {
    this.#lastId = (this.#lastId + 1) & 0xffff;
    return this.#lastId;
  }

  /** Sends a request. Resolves with the answer, or with undefined when the connection ends first. */
  ask(request: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      if (this.client.ended || this.client.closed) return resolve(undefined);
      this.#waiting.push({ request, resolve });
      this.client.write(request);
    });
  }

  /** Asks about something; tells what came. */
  async outcome(key: number, withinMs = 10_000): Promise<Outcome> {
    const request = this.#protocol.request(key, this.nextId());
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<"silent">((resolve) => {
      timer = setTimeout(resolve, withinMs, "silent");
    });
    const answer = await Promise.race([this.ask(request), silence]);
    clearTimeout(timer);
    if (answer === "silent") return answer;
    if (answer === undefined) return "closed";
    return judge(this.#protocol, request, answer);
  }

  destroy(): void {
    this.client.destroy();
  }

  #received(): void {
    const { messages, rest } = cut(this.client.bytes, this.#protocol.answerLength);
    this.client.bytes = Buffer.from(rest);
    for (const message of messages) this.#answered(message);
  }

  #answered(answer: Buffer): void {
    const { id } = this.#protocol;
    const index = id === undefined ? 0 : this.#waiting.findIndex(({ request }) => id(request) === id(answer));
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting === undefined) this.surplus.push(answer);
    else waiting.resolve(answer);
  }

  #over(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(undefined);
  }
}

/** Whether this is the answer to that request. */
export function judge(protocol: TestProtocol, request: Buffer, answer: Buffer): "right" | "refused" | "wrong" {
  if (protocol.meaning(answer) === protocol.meaning(protocol.answer(request))) return "right";
  return protocol.isRefusal(answer) ? "refused" : "wrong";
}
