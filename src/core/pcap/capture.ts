import type { Direction } from "../decode/direction.js";
import type { ByteEvent, ByteLine, StreamName } from "../monitor/byte-event.js";
import { closeOf } from "../monitor/close-reason.js";
import { keepStream } from "../monitor/stream-map.js";
import { type Endpoint, endpointOf } from "./addresses.js";
import { type Conversation, TcpConversation, UdpConversation } from "./conversation.js";
import { packetBlock } from "./pcapng.js";

/** What an address is where there is only a name. */
const NO_ADDRESS = Buffer.alloc(4);
/** Apart enough that streams of the same ports are told apart by their first sequence numbers. */
const FIRST_NUMBERS_STEP = 0x0101_0101;

interface Captured {
  readonly stream: StreamName;
  readonly conversation: Conversation;
  /** Ends that are not written yet: what comes next tells whether the connection was cut. */
  readonly ends: Set<Direction>;
}

/**
 * Makes packets of the lines of a watcher of bytes (docs/monitor.md). A connection is one conversation from its client to its server, the daemon
 * left out; a link to a shared device is one from the daemon to the device.
 */
export class Capture {
  readonly #streams = new Map<string, Captured>();
  #firstNumber = 0;
  /** What the next packet tells besides. */
  #comment = "";
  #lastMs = 0;

  /** Takes a line; returns blocks of pcapng. */
  push(line: ByteLine): Buffer {
    if (line.kind === "gap") {
      this.#note(`${line.missing} messages are missing here: the reader of the capture was too slow`);
      return Buffer.alloc(0);
    }
    const { epochMs, stream, event } = line;
    this.#lastMs = epochMs;
    return event.kind === "connection"
      ? this.#connection(epochMs, stream, event)
      : this.#streamEvent(epochMs, stream, event);
  }

  /** Nothing more has come for a moment: writes the ends that wait. */
  settle(): Buffer {
    return Buffer.concat([...this.#streams].map(([key, captured]) => this.#writeEnds(key, captured, this.#lastMs)));
  }

  /** The daemon was away: its streams are over, whatever has become of them. */
  interrupt(): void {
    this.#streams.clear();
    this.#note("the daemon was away: what passed meanwhile is missing");
  }

  #note(text: string): void {
    this.#comment = this.#comment === "" ? text : `${this.#comment}; ${text}`;
  }

  #streamEvent(epochMs: number, stream: StreamName, event: Exclude<ByteEvent, { kind: "connection" }>): Buffer {
    const key = keyOf(stream);
    if (event.kind === "open") {
      const before = this.#streams.get(key);
      const rest = before === undefined ? Buffer.alloc(0) : this.#writeEnds(key, before, epochMs);
      const opened = this.#begin(stream, event);
      const packets = event.joined ? [] : opened.conversation.open();
      return Buffer.concat([rest, this.#write(epochMs, packets)]);
    }
    const captured = this.#streams.get(key) ?? this.#begin(stream, { from: stream.client, to: stream.server });
    if (event.kind === "end") {
      captured.ends.add(event.direction);
      return Buffer.alloc(0);
    }
    return Buffer.concat([
      this.#writeEnds(key, captured, epochMs),
      this.#write(epochMs, captured.conversation.data(event.direction, event.bytes)),
    ]);
  }

  #begin(
    stream: StreamName,
    { from, to, transport }: { from: string; to: string; transport?: "tcp" | "udp" },
  ): Captured {
    const [client, server] = [sideOf(from), sideOf(to)];
    this.#firstNumber = (this.#firstNumber + FIRST_NUMBERS_STEP) >>> 0;
    const conversation =
      transport === "udp"
        ? new UdpConversation(client, server)
        : new TcpConversation(client, server, this.#firstNumber);
    const captured = { stream, conversation, ends: new Set<Direction>() };
    keepStream(this.#streams, keyOf(stream), captured);
    this.#note(`connection ${stream.connection} on port ${stream.listener}: ${from || "?"} to ${stream.server}`);
    return captured;
  }

  /** A line about a connection is about all its streams. */
  #connection(epochMs: number, stream: StreamName, { event, text }: ByteEvent & { kind: "connection" }): Buffer {
    if (event === "CONNECT") return Buffer.alloc(0);
    const own = [...this.#streams].filter(
      ([
        ,
        {
          stream: { connection },
        },
      ]) => connection === stream.connection,
    );
    if (own.length === 0 && event === "ERROR") return this.#refused(epochMs, stream, text);
    const { first, isReset } = closeOf(text);
    const blocks = own.map(([key, captured]) => {
      this.#streams.delete(key);
      if (isReset) return this.#write(epochMs, captured.conversation.reset(first), text);
      const order: readonly Direction[] = first === "up" ? ["up", "down"] : ["down", "up"];
      return this.#write(
        epochMs,
        order.flatMap((direction) => captured.conversation.end(direction)),
        text,
      );
    });
    return Buffer.concat(blocks);
  }

  #refused(epochMs: number, stream: StreamName, text: string): Buffer {
    const { conversation } = this.#begin(stream, { from: stream.client, to: stream.server });
    this.#streams.delete(keyOf(stream));
    return this.#write(epochMs, conversation.refused(), text);
  }

  #writeEnds(key: string, { conversation, ends }: Captured, epochMs: number): Buffer {
    if (ends.size === 0) return Buffer.alloc(0);
    const packets = [...ends].flatMap((direction) => conversation.end(direction));
    if (ends.size === 2) this.#streams.delete(key);
    ends.clear();
    return this.#write(epochMs, packets);
  }

  /** @param more told beside the first packet */
  #write(epochMs: number, packets: readonly Buffer[], more = ""): Buffer {
    if (packets.length === 0) return Buffer.alloc(0);
    if (more !== "") this.#note(more);
    const comment = this.#comment;
    this.#comment = "";
    return Buffer.concat(packets.map((packet, index) => packetBlock(epochMs, packet, index === 0 ? comment : "")));
  }
}

function keyOf({ connection, side }: StreamName): string {
  return `${connection} ${side}`;
}

function sideOf(text: string): Endpoint {
  const port = Number(/:(\d+)$/.exec(text)?.[1] ?? 0);
  return endpointOf(text) ?? { address: NO_ADDRESS, port };
}
