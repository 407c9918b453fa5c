import type { Direction } from "../decode/direction.js";
import { type LineEnd, lineEndNamed } from "../framing/echo-framing.js";
import type { Cut } from "../framing/framing.js";
import type { ByteEvent, ByteLine, Side, StreamName } from "../monitor/byte-event.js";
import { closeOf } from "../monitor/close-reason.js";
import { textOfMessage } from "../monitor/exchanges.js";
import { keepStream } from "../monitor/stream-map.js";
import type { Protocol } from "../mux/protocol.js";
import { detectProtocol } from "../mux/protocol-detection.js";
import { rawProtocol } from "../mux/protocols/raw-protocol.js";
import { Masker } from "./mask.js";
import type { MaskRule } from "./mask-patterns.js";
import { MessageCutter } from "./message-cutter.js";
import { Pseudonyms } from "./pseudonyms.js";
import { type Entry, protocolNamed, type Speaker } from "./recording.js";

/** The protocol of a view, where the view says it. */
const OF_VIEW: Readonly<Record<string, string>> = { conbus: "conbus", modbus: "modbus", http: "http", line: "echo" };

/** A connection that is recorded. Its protocol may show with its first bytes only. */
interface Recorded {
  readonly stream: StreamName;
  readonly number: number;
  readonly device: string;
  readonly joined: boolean;
  readonly lineEnd: LineEnd | undefined;
  protocol: string | undefined;
  parts: { readonly cutter: MessageCutter; readonly masker: Masker; readonly protocol: Protocol } | undefined;
  /** The sides that have ended, and when. They are written once it is known whether the connection was cut. */
  readonly ended: Map<Speaker, number>;
  endsWritten: number;
}

/** Makes the entries of a recording from the lines of a watcher of bytes. Of a shared device, by default what the device says and hears. */
export class Recorder {
  readonly #rules: readonly MaskRule[];
  readonly #asked: string | undefined;
  readonly #left: Side;
  readonly #pseudonyms = new Pseudonyms();
  readonly #streams = new Map<string, Recorded>();
  #beganMs: number | undefined;
  #lastAt = 0;
  #count = 0;
  /** Messages so far. */
  messages = 0;

  /**
   * @param asked the protocol of connections of which the daemon knows none
   * @param left the side of a shared device that is left out: of one client's connection, there is no other than its own
   */
  constructor(rules: readonly MaskRule[], asked?: string, left: Side = "client") {
    this.#rules = rules;
    this.#asked = asked;
    this.#left = left;
  }

  /** Connections so far. */
  get connections(): number {
    return this.#count;
  }

  push(line: ByteLine): Entry[] {
    if (line.kind === "gap")
      return this.#beganMs === undefined ? [] : [{ kind: "gap", at: this.#lastAt, missing: line.missing }];
    const { epochMs, stream, event } = line;
    if (stream.side === this.#left) return [];
    this.#beganMs ??= epochMs;
    const at = Math.max(epochMs - this.#beganMs, this.#lastAt); // a wall clock may be set back
    this.#lastAt = at;
    if (event.kind === "connection") return event.event === "CONNECT" ? [] : this.#closed(at, stream, event.text);
    const recorded = this.#streamOf(stream, event);
    if (event.kind === "open") return [];
    if (event.kind === "end") return this.#ended(at, recorded, event.direction === "up" ? "client" : "device");
    const ends = this.#writeEnds(recorded);
    const opened = recorded.parts === undefined ? this.#open(at, recorded, event) : [];
    const messages = recorded.parts?.cutter.push(event.direction, event.bytes, epochMs) ?? [];
    return [...ends, ...opened, ...messages.map(({ direction, cut }) => this.#message(at, recorded, direction, cut))];
  }

  /** The recording ends: returns what is left of messages. */
  finish(): Entry[] {
    return [...this.#streams.values()].flatMap((recorded) => [
      ...this.#rest(this.#lastAt, recorded),
      ...this.#writeEnds(recorded),
    ]);
  }

  #streamOf(stream: StreamName, event: ByteEvent): Recorded {
    const key = `${stream.connection} ${stream.side}`;
    const known = this.#streams.get(key);
    if (known !== undefined && event.kind !== "open") return known;
    this.#count += 1;
    const open = event.kind === "open" ? event : undefined;
    const lineEnd = lineEndNamed(open?.lineEnd);
    const protocol = open?.protocol ?? OF_VIEW[open?.view ?? ""] ?? this.#asked;
    const recorded: Recorded = {
      ...{ stream, number: this.#count, device: open?.to || stream.server, joined: open?.joined ?? true },
      ...{ lineEnd, protocol, parts: undefined, ended: new Map<Speaker, number>(), endsWritten: 0 },
    };
    keepStream(this.#streams, key, recorded);
    return recorded;
  }

  /** The first bytes have come: what protocol it is shows now, or never. */
  #open(at: number, recorded: Recorded, { direction, bytes }: ByteEvent & { kind: "bytes" }): Entry[] {
    const found = detectProtocol(bytes, direction === "up" ? "clients" : "device", "");
    const detected = found?.isWeak ? undefined : found?.protocol;
    const { number: connection, device, lineEnd, joined } = recorded;
    const name = recorded.protocol ?? detected ?? rawProtocol.framing.name;
    const protocol = protocolNamed(name, lineEnd) ?? rawProtocol;
    const masker = new Masker(this.#rules, this.#pseudonyms, protocol);
    recorded.parts = { cutter: new MessageCutter(protocol), masker, protocol };
    const more = { ...(lineEnd !== undefined && { lineEnd }), ...(joined && { joined: true as const }) };
    return [
      { kind: "open", at, connection, device: masker.maskText(device), protocol: protocol.framing.name, ...more },
    ];
  }

  #message(at: number, { number: connection, parts }: Recorded, direction: Direction, cut: Cut): Entry {
    const who = direction === "up" ? "client" : "device";
    const masked = parts?.masker.mask(cut.bytes, direction, cut.kind === "frame");
    const { bytes, ranges } = masked ?? { bytes: cut.bytes, ranges: [] };
    const junk = cut.kind === "junk" ? (parts?.masker.maskText(cut.reason) ?? cut.reason) : undefined;
    const text = junk === undefined && parts !== undefined ? textOfMessage(bytes, direction, parts.protocol) : "";
    this.messages += 1;
    return {
      ...{ kind: "message", at, connection, who, bytes: Buffer.from(bytes) },
      ...(cut.kind === "part" && { part: true }),
      ...(junk !== undefined && { junk }),
      ...(text !== "" && { text }),
      ...(ranges.length > 0 && { masked: ranges }),
    };
  }

  #ended(at: number, recorded: Recorded, who: Speaker): Entry[] {
    if (!recorded.ended.has(who)) recorded.ended.set(who, at);
    const { connection, side } = recorded.stream;
    if (recorded.ended.size < 2 || !connection.includes("/")) return []; // a word about the connection follows
    this.#streams.delete(`${connection} ${side}`);
    return [...this.#rest(at, recorded), ...this.#writeEnds(recorded)];
  }

  #writeEnds(recorded: Recorded): Entry[] {
    if (recorded.parts === undefined) return [];
    const ends = [...recorded.ended].slice(recorded.endsWritten);
    recorded.endsWritten = recorded.ended.size;
    return ends.map(([who, at]) => ({ kind: "end", at, connection: recorded.number, who }));
  }

  #rest(at: number, recorded: Recorded): Entry[] {
    const rest = recorded.parts?.cutter.end() ?? [];
    return rest.map(({ direction, cut }) => this.#message(at, recorded, direction, cut));
  }

  #closed(at: number, { connection }: StreamName, text: string): Entry[] {
    const { first, isReset } = closeOf(text);
    const who = first === "up" ? "client" : "device";
    const entries: Entry[] = [];
    for (const [key, recorded] of this.#streams) {
      if (recorded.stream.connection !== connection) continue;
      this.#streams.delete(key);
      if (recorded.parts === undefined) continue;
      entries.push(...this.#rest(at, recorded));
      if (recorded.ended.size === 0) recorded.ended.set(who, at);
      if (isReset) entries.push({ kind: "end", at, connection: recorded.number, who, reset: true });
      else entries.push(...this.#writeEnds(recorded));
    }
    return entries;
  }
}
