import type { Protocol } from "../mux/protocol.js";
import { type Entry, type Opening, protocolNamed, type RecordedMessage, type Recording } from "./recording.js";
import { type RequestKey, requestKey } from "./request-key.js";

/** What a device has said, and how long after the bytes before. */
export interface Saying {
  readonly bytes: Buffer;
  /** Milliseconds after the request, or after the saying before; of what nobody asked for, after the connection began. */
  readonly afterMs: number;
  /** The id in it less that of the request; undefined where the bytes are no message with an id. */
  readonly idStep?: number;
}

/** How a device closes a connection, and how long after its last bytes. */
export interface Closing {
  readonly afterMs: number;
  readonly reset: boolean;
}

/** A request and what came of it. */
export interface RecordedExchange {
  readonly key: RequestKey;
  readonly answers: Saying[];
  /** The device closed the connection behind the answers. */
  closes?: Closing;
}

/** What a recording tells of one device. */
export interface DeviceScript {
  readonly device: string;
  readonly protocol: Protocol;
  readonly exchanges: readonly RecordedExchange[];
  /** What the device said unasked, for each connection. */
  readonly unasked: readonly (readonly Saying[])[];
}

/** A first answer comes within this time; a device that takes longer has not answered. */
const FIRST_MS = 10_000;
/** Further pieces of an answer, or further answers, follow each other within this time. */
const NEXT_MS = 1000;
/** Requests of a connection to which an answer may still come. */
const MAX_WAITING = 64;

/** The devices of a recording, each with what its clients asked and what it said. */
export function scriptsOf({ entries }: Recording): DeviceScript[] {
  const openings = new Map<number, Opening>();
  const byDevice = new Map<
    string,
    { readonly protocol: Protocol; readonly conversations: Map<number, ConversationReader> }
  >();
  for (const entry of entries) {
    if (entry.kind === "gap") continue;
    if (entry.kind === "open") openings.set(entry.connection, entry);
    const opening = openings.get(entry.connection);
    const protocol = opening && protocolNamed(opening.protocol, opening.lineEnd);
    if (opening === undefined || protocol === undefined) continue;
    const name = `${opening.device} ${opening.protocol} ${opening.lineEnd ?? ""}`;
    const device = byDevice.get(name) ?? { protocol, conversations: new Map<number, ConversationReader>() };
    byDevice.set(name, device);
    const reader = device.conversations.get(entry.connection) ?? new ConversationReader(device.protocol, opening);
    device.conversations.set(entry.connection, reader);
    reader.push(entry);
  }
  return [...byDevice].map(([name, { protocol, conversations }]) => {
    const readers = [...conversations.values()];
    const exchanges = readers.flatMap((reader) => reader.exchanges);
    return { device: name.split(" ", 1).join(), protocol, exchanges, unasked: readers.map((reader) => reader.unasked) };
  });
}

interface Waiting {
  readonly exchange: RecordedExchange;
  readonly message: Buffer;
  readonly at: number;
  /** When it last got a piece of its answer. */
  answeredAt: number | undefined;
}

/** Pairs what one connection has recorded. */
class ConversationReader {
  readonly exchanges: RecordedExchange[] = [];
  readonly unasked: Saying[] = [];
  readonly #protocol: Protocol;
  readonly #beganAt: number;
  #waiting: Waiting[] = [];
  #parts: RecordedMessage[] = [];
  /** What the device does behind that is no habit of its own. */
  #clientEnded = false;

  constructor(protocol: Protocol, { at }: Opening) {
    this.#protocol = protocol;
    this.#beganAt = at;
  }

  push(entry: Exclude<Entry, { kind: "gap" }>): void {
    if (entry.kind === "end") {
      const last = this.#waiting.at(-1);
      if (entry.who === "device" && !this.#clientEnded && last !== undefined) {
        const afterMs = entry.at - (last.answeredAt ?? last.at);
        last.exchange.closes = { afterMs, reset: entry.reset === true };
      }
      if (entry.who === "client") this.#clientEnded = true;
    } else if (entry.kind === "message") {
      if (entry.who === "device") this.#said(entry);
      else this.#asked(entry);
    }
  }

  /** A request, or a part of one: its key is that of the whole. */
  #asked(entry: RecordedMessage): void {
    this.#parts.push(entry);
    if (entry.part) return;
    const message = Buffer.concat(this.#parts.map(({ bytes }) => bytes));
    const masked = this.#parts.length === 1 ? (entry.masked ?? []) : [];
    this.#parts = [];
    const exchange: RecordedExchange = { key: requestKey(this.#protocol, message, masked), answers: [] };
    this.exchanges.push(exchange);
    this.#waiting.push({ exchange, message, at: entry.at, answeredAt: undefined });
    if (this.#waiting.length > MAX_WAITING) this.#waiting = this.#waiting.slice(-MAX_WAITING / 2);
  }

  #said({ bytes, at, junk, part }: RecordedMessage): void {
    const isMessage = junk === undefined && part === undefined;
    const to = isMessage && this.#protocol.isEvent?.(bytes) ? undefined : this.#requestOf(bytes, at, isMessage);
    if (to === undefined) {
      this.unasked.push({ bytes, afterMs: at - this.#beganAt });
      return;
    }
    const afterMs = at - (to.answeredAt ?? to.at);
    to.answeredAt = at;
    const idStep =
      this.#protocol.hasIds && isMessage ? this.#protocol.idOf(bytes) - this.#protocol.idOf(to.message) : undefined;
    to.exchange.answers.push(idStep === undefined ? { bytes, afterMs } : { bytes, afterMs, idStep });
  }

  /** The request that bytes of the device answer: by id, by what the protocol knows, or else by order and time. */
  #requestOf(bytes: Buffer, at: number, isMessage: boolean): Waiting | undefined {
    const inTime = this.#waiting.filter(
      (each) => at - (each.answeredAt ?? each.at) <= (each.answeredAt === undefined ? FIRST_MS : NEXT_MS),
    );
    const { hasIds, unasked } = this.#protocol;
    if (isMessage && hasIds) {
      const id = this.#protocol.idOf(bytes);
      const own = inTime.filter(({ message }) => this.#protocol.idOf(message) === id);
      if (own.length > 0) return own.find(({ answeredAt }) => answeredAt === undefined) ?? own.at(-1);
      return inTime.at(-1);
    }
    const fitting =
      isMessage && unasked === "told" ? inTime.filter(({ message }) => this.#answers(bytes, message)) : inTime;
    const last = fitting.at(-1);
    if (!isMessage || last?.answeredAt !== undefined) return last;
    // a request that is older, and whose answer should have come before the last request, got none
    return fitting.find((each) => each.answeredAt === undefined && at - each.at <= NEXT_MS) ?? last;
  }

  #answers(answer: Buffer, message: Buffer): boolean {
    const interpretation = this.#protocol.interpret(message, undefined, "pass");
    return interpretation.kind === "request" && this.#protocol.isAnswerTo(answer, interpretation.request);
  }
}
