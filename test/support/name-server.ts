import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

export type RecordType = "A" | "AAAA";
const TYPES: Readonly<Record<number, RecordType>> = { 1: "A", 28: "AAAA" };
const CODES = { none: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const PORT = 53;

/** What the server says to a question for one family. */
export type Reply =
  /** Nothing at all. */
  | "silence"
  /** No such records, or an error (RFC 1035, section 4.1.1). */
  | keyof typeof CODES
  | {
      readonly addresses: readonly string[];
      /** In seconds. */
      readonly ttl?: number;
      readonly afterMs?: number;
      /** Whether an answer by UDP is empty and cut off: the client asks again by TCP. */
      readonly truncated?: boolean;
    };

/** A name server on port 53 of a loopback address, whose answers the test chooses. */
export class NameServer {
  readonly address: string;
  /** By name without the final dot. */
  readonly names = new Map<string, Partial<Record<RecordType, Reply>>>();
  /** What it says to questions that no name answers. */
  otherwise: Partial<Record<RecordType, Reply>> = {};
  /** The questions, as `A hub.test`. */
  readonly asked: string[] = [];
  /** While it is set, no question is answered. */
  isSilent = false;
  #isClosed = false;
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(address: string) {
    this.address = address;
    this.#udp = createSocket("udp4");
    this.#udp.on("message", (query, from) =>
      this.#answer(query, false, (answer) => {
        if (!this.#isClosed) this.#udp.send(answer, from.port, from.address, () => {});
      }),
    );
    this.#tcp = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (data) => {
        this.#answer(data.subarray(2), true, (answer) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          socket.end(Buffer.concat([length, answer]));
        });
      });
    });
  }

  static async open(address: string): Promise<NameServer> {
    const server = new NameServer(address);
    server.#udp.bind(PORT, address);
    server.#tcp.listen(PORT, address);
    await Promise.all([once(server.#udp, "listening"), once(server.#tcp, "listening")]);
    return server;
  }

  /** How often something was asked, such as `A hub.test`. */
  count(question: string): number {
    return this.asked.filter((each) => each === question).length;
  }

  close(): void {
    this.#isClosed = true;
    this.#udp.close();
    this.#tcp.close();
  }

  #answer(query: Buffer, byTcp: boolean, send: (answer: Buffer) => void): void {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join(".").toLowerCase();
    const type = TYPES[query.readUInt16BE(at + 1)];
    this.asked.push(`${type} ${name}`);
    const reply = (type && (this.names.get(name) ?? this.otherwise)[type]) ?? "none";
    if (this.isSilent || reply === "silence") return;
    const question = query.subarray(0, at + 5);
    if (typeof reply === "string") {
      send(message(question, CODES[reply], []));
      return;
    }
    const records = reply.addresses.map((address) => record(type === "A" ? 1 : 28, reply.ttl ?? 60, address));
    const isCut = reply.truncated === true && !byTcp;
    const answer = message(question, CODES.none, isCut ? [] : records);
    if (isCut) answer[2] = (answer[2] ?? 0) | 2;
    setTimeout(send, reply.afterMs ?? 0, answer).unref();
  }
}

/** A DNS message (RFC 1035, section 4) that answers a question. */
function message(question: Buffer, code: number, records: readonly Buffer[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(records.length, 6);
  head.fill(0, 8, 12);
  return Buffer.concat([head, ...records]);
}

function record(type: number, ttl: number, address: string): Buffer {
  const data = type === 1 ? Buffer.from(address.split(".").map(Number)) : ipv6(address);
  const out = Buffer.concat([Buffer.from("c00c00000001000000000000", "hex"), data]);
  out.writeUInt16BE(type, 2);
  out.writeUInt32BE(ttl, 6);
  out.writeUInt16BE(data.length, 10);
  return out;
}

/** The bytes of an address such as `fd00::1`. */
function ipv6(address: string): Buffer {
  const [left = "", right] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(left), groups(right ?? "")];
  const all = right === undefined ? head : [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  const out = Buffer.alloc(16);
  all.forEach((group, index) => void out.writeUInt16BE(group, index * 2));
  return out;
}
