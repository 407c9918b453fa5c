import type { Direction } from "../decode/direction.js";
import { describePdu } from "../decode/modbus.js";
import { lineEndNamed } from "../framing/echo-framing.js";
import { isModbus, MODBUS_FORMS, type ModbusForm } from "../mux/modbus-forms.js";
import type { Protocol } from "../mux/protocol.js";
import { detectProtocol } from "../mux/protocol-detection.js";
import { solarmanForm } from "../mux/solarman-form.js";
import { hexOf } from "../parse/hex.js";
import { briefAnswer, briefParts } from "./brief.js";
import type { ByteEvent, ByteLine, StreamName } from "./byte-event.js";
import { escapeBytes, TEXT_MAX } from "./escape.js";
import { messageParsersOf } from "./message-parser.js";
import { plainRendering } from "./plain-rendering.js";
import { keepStream } from "./stream-map.js";
import type { Message, MessageParser, View } from "./view.js";
import { hexView } from "./views/hex-view.js";
import { httpView } from "./views/http-view.js";
import { findView, viewOfProtocol } from "./views/views.js";

/** A line of `watch --short`. */
export interface Exchange {
  /** When the request came; of anything else, when it happened. */
  readonly epochMs: number;
  /** `host:port` */
  readonly client: string;
  readonly connection: string;
  readonly request?: string;
  /** Undefined: there is none yet. */
  readonly answer?: string;
  /** From the request to the answer, in milliseconds. */
  readonly ms?: number;
  /** What has become of the connection, or what is missing. */
  readonly event?: string;
  readonly isWrong?: true;
}

/** A client that sends this many requests ahead gets no line for the oldest: its answer is not told from others. */
const MAX_OUTSTANDING = 64;
/** A person who waits for a line wants to hear after so long that there is no answer. */
const OVERDUE_MS = 5000;
/** Bytes of a message that are shown in hexadecimal. */
const HEX_MAX = 256;

interface Said {
  readonly text: string;
  /** What is wrong with the message, behind its text. */
  readonly fault: string;
  readonly isWrong: boolean;
  readonly parts: Readonly<Record<string, string | number | boolean>>;
}

interface Outstanding extends Said {
  readonly epochMs: number;
  isTold: boolean;
}

interface Conversation {
  readonly stream: StreamName;
  view: View;
  parsers: { readonly up: MessageParser; readonly down: MessageParser };
  /** Nothing tells the protocol but the first bytes, which are still to come. */
  isOpen: boolean;
  outstanding: Outstanding[];
}

/** Makes one line of each request and its answer, from the lines of a watcher of bytes. Of a shared device, what its clients say and hear. */
export class Exchanges {
  readonly #asked: View | undefined;
  readonly #conversations = new Map<string, Conversation>();

  /** @param asked the view for connections that have none */
  constructor(asked: View | undefined) {
    this.#asked = asked;
  }

  /** Takes a line; returns the exchanges that are complete. */
  push(line: ByteLine): Exchange[] {
    if (line.kind === "gap") {
      for (const conversation of this.#conversations.values()) conversation.outstanding = []; // their answers may be missing
      return [{ epochMs: 0, client: "", connection: "", event: `… ${line.missing} messages not shown`, isWrong: true }];
    }
    const { epochMs, stream, event } = line;
    if (stream.side === "server") return []; // the same messages once more
    if (event.kind === "connection") return this.#connectionEvent(epochMs, stream, event);
    const conversation = this.#conversationOf(stream, event);
    if (event.kind === "open") return [];
    if (event.kind === "bytes") look(conversation, event);
    const parser = conversation.parsers[event.direction];
    const messages = event.kind === "end" ? parser.end() : messagesIn(conversation.view, parser, event.bytes);
    return messages.flatMap((message) => this.#message(conversation, message, event.direction, epochMs));
  }

  /** Requests that have waited too long: each is told once. */
  overdue(now: number): Exchange[] {
    const found: Exchange[] = [];
    for (const { stream, outstanding } of this.#conversations.values()) {
      for (const request of outstanding) {
        if (request.isTold || now - request.epochMs < OVERDUE_MS) continue;
        request.isTold = true;
        found.push(lineOf(stream, request, `no answer for ${OVERDUE_MS / 1000} s`));
      }
    }
    return found;
  }

  #conversationOf(stream: StreamName, event: ByteEvent): Conversation {
    const known = this.#conversations.get(stream.connection);
    if (known !== undefined && event.kind !== "open") return known;
    const view = event.kind === "open" ? viewOf(event, this.#asked) : (this.#asked ?? hexView);
    const isOpen = view === hexView && this.#asked === undefined;
    const conversation = { stream, view, parsers: view.createParsers(), isOpen, outstanding: [] };
    keepStream(this.#conversations, stream.connection, conversation);
    return conversation;
  }

  #connectionEvent(
    epochMs: number,
    stream: StreamName,
    { event, text }: ByteEvent & { kind: "connection" },
  ): Exchange[] {
    const lines: Exchange[] = [];
    if (event !== "CONNECT") {
      const waiting = this.#conversations.get(stream.connection)?.outstanding ?? [];
      for (const request of waiting) if (!request.isTold) lines.push(lineOf(stream, request, "no answer"));
      this.#conversations.delete(stream.connection);
    }
    const { client, connection } = stream;
    const shown = `${event.toLowerCase()} ${text}`;
    return [...lines, { epochMs, client, connection, event: shown, ...(event === "ERROR" && { isWrong: true }) }];
  }

  #message(conversation: Conversation, message: Message, direction: Direction, epochMs: number): Exchange[] {
    const { stream, view, outstanding } = conversation;
    if (view === httpView && message.note !== undefined) return []; // a body: its head is the exchange
    const said = briefOf(view, message, direction);
    if (direction === "up") {
      outstanding.push({ ...said, epochMs, isTold: false });
      const lost = outstanding.length > MAX_OUTSTANDING ? outstanding.splice(0, 1) : [];
      return lost.filter(({ isTold }) => !isTold).map((request) => lineOf(stream, request, "no answer yet"));
    }
    const { transaction, type } = said.parts;
    const at = type === "event" ? -1 : outstanding.findIndex(({ parts }) => parts["transaction"] === transaction);
    const [request] = at < 0 ? [] : outstanding.splice(at, 1);
    const { client, connection } = stream;
    if (request === undefined) return [{ epochMs, client, connection, answer: said.text, ...wrong(said.isWrong) }];
    const news = briefAnswer(said.parts, request.parts);
    const answer = news === undefined ? said.text : news + said.fault;
    const isWrong = said.isWrong || request.isWrong;
    const { text } = request;
    return [
      {
        epochMs: request.epochMs,
        client,
        connection,
        request: text,
        answer,
        ms: epochMs - request.epochMs,
        ...wrong(isWrong),
      },
    ];
  }
}

/** A message in few words, as far as its protocol has a view. */
export function textOfMessage(bytes: Buffer, direction: Direction, { framing: { name } }: Protocol): string {
  const view = viewNamed(name);
  if (view === hexView && !isText(bytes)) return "";
  return briefOf(view, { bytes }, direction).text.slice(0, TEXT_MAX);
}

/** A request without an answer. */
function lineOf({ client, connection }: StreamName, { epochMs, text }: Outstanding, answer: string): Exchange {
  return { epochMs, client, connection, request: text, answer, isWrong: true };
}

function wrong(isWrong: boolean): { readonly isWrong?: true } {
  return isWrong ? { isWrong } : {};
}

/** Looks at the first bytes of a conversation of which nothing else tells the protocol. */
function look(conversation: Conversation, { direction, bytes }: ByteEvent & { kind: "bytes" }): void {
  if (!conversation.isOpen) return;
  conversation.isOpen = false;
  const found = detectProtocol(bytes, direction === "up" ? "clients" : "device", "");
  if (found?.protocol === undefined || found.isWeak) return;
  conversation.view = viewNamed(found.protocol);
  conversation.parsers = conversation.view.createParsers();
}

/** The view of a protocol; of Modbus in any framing. */
function viewNamed(protocol: string): View {
  if (protocol === solarmanForm.framing.name) return modbusViewOf(solarmanForm);
  return isModbus(protocol) && protocol !== "modbus" ? modbusViewOf(MODBUS_FORMS[protocol]) : viewOfProtocol(protocol);
}

/** In hexadecimal a chunk is a message: its rows are for longer lines. */
function messagesIn(view: View, parser: MessageParser, bytes: Buffer): readonly Message[] {
  return view === hexView ? [{ bytes }] : parser.push(bytes);
}

function viewOf({ view, protocol = "", lineEnd }: ByteEvent & { kind: "open" }, asked: View | undefined): View {
  const named = findView(view) ?? asked ?? hexView;
  if (named === hexView && asked === undefined && protocol !== "") return viewNamed(protocol);
  const end = lineEndNamed(lineEnd);
  return end === undefined ? named : (named.withLineEnd?.(end) ?? named);
}

/** The messages of a framing of Modbus that has no view of its own. */
function modbusViewOf(form: ModbusForm): View {
  return {
    name: form.framing.name,
    minMessageBytes: 4,
    createParsers: () => messageParsersOf(form.framing),
    render: (message) => (message.junk === undefined ? { text: hexOf(message.bytes) } : plainRendering(message)),
    decode(message, direction) {
      if (message.junk !== undefined) return undefined;
      const { unit, pdu, lacks } = form.unwrap(message.bytes);
      const parts = lacks === undefined ? describePdu(pdu, direction) : undefined;
      return parts === undefined ? undefined : { text: "", parts: { unit, ...parts } };
    },
  };
}

function briefOf(view: View, message: Message, direction: Direction): Said {
  const parts = view.decode?.(message, direction)?.parts;
  const { text, fault } = view === hexView ? plainOrHex(message) : view.render(message);
  const shown = parts === undefined ? (view === httpView ? text.split(" | ", 1).join() : text) : briefParts(parts);
  const wrong = fault === undefined ? "" : ` ✗ ${fault}`;
  return {
    text: shown + wrong,
    fault: wrong,
    isWrong: fault !== undefined || parts?.["exception"] !== undefined,
    parts: parts ?? {},
  };
}

/** Text as text, anything else in hexadecimal. */
function plainOrHex(message: Message): { readonly text: string; readonly fault?: string } {
  const { bytes } = message;
  if (isText(bytes)) return { text: escapeBytes(bytes) };
  const more = bytes.length > HEX_MAX ? ` … (${bytes.length} bytes)` : "";
  return { text: hexOf(bytes.subarray(0, HEX_MAX)) + more };
}

function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
