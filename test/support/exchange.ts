import { Client } from "./net.js";
import { PATIENCE_MS } from "./wait.js";

/** A protocol of requests and answers, for tests. It shares no code with the daemon, so it shares no fault either. */
export interface TestProtocol {
  /** The name in `PROT=`. */
  readonly name: string;
  /** Makes a request for `what`; each number stands for another value of the device. */
  request(key: number, id: number): Buffer;
  /** Makes the device's answer, which holds the number of the request. */
  answer(request: Buffer): Buffer;
  /** Length of the first message in these bytes; 0 while it is incomplete. */
  requestLength(bytes: Buffer): number;
  answerLength(bytes: Buffer): number;
  /** The id that ties an answer to its request; undefined where the order of messages does. */
  id?(message: Buffer): number;
  /** The content of an answer, without the parts that a gateway may change. */
  meaning(answer: Buffer): string;
  /** Whether the gateway made the answer, because the device gave none. */
  isRefusal(answer: Buffer): boolean;
}

/** Removes whole messages from the front; returns them and the rest. */
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

/** The outcome of a request: the device's answer, a refusal of the gateway, the answer to another request, or the end of the connection. */
export type Outcome = "right" | "refused" | "wrong" | "closed" | "silent";

interface Waiting {
  readonly request: Buffer;
  readonly resolve: (answer: Buffer | undefined) => void;
}

/** A client that can send further requests before the first answer. */
export class Asker {
  readonly client: Client;
  /** Answers that match no request of this client. */
  readonly surplus: Buffer[] = [];
  readonly #protocol: TestProtocol;
  #waiting: Waiting[] = [];
  #lastId = 0;

  constructor(client: Client, protocol: TestProtocol) {
    this.client = client;
    this.#protocol = protocol;
    client.socket.on("data", () => this.#received()); // after the client's own handler
    client.socket.on("end", () => this.#over());
    client.socket.on("close", () => this.#over());
  }

  static async open(port: number, protocol: TestProtocol): Promise<Asker> {
    return new Asker(await Client.open(port), protocol);
  }

  /** Returns a new id for each request. */
  nextId(): number {
    this.#lastId = (this.#lastId + 1) & 0xffff;
    return this.#lastId;
  }

  /** Sends a request; resolves with the answer, or with undefined when the connection ends first. */
  ask(request: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      if (this.client.ended || this.client.closed) return resolve(undefined);
      this.#waiting.push({ request, resolve });
      this.client.write(request);
    });
  }

  /** Sends a request and returns its outcome. */
  async outcome(key: number, withinMs = PATIENCE_MS): Promise<Outcome> {
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

/** Whether the answer belongs to the request. */
export function judge(protocol: TestProtocol, request: Buffer, answer: Buffer): "right" | "refused" | "wrong" {
  if (protocol.meaning(answer) === protocol.meaning(protocol.answer(request))) return "right";
  return protocol.isRefusal(answer) ? "refused" : "wrong";
}
