import type { Direction } from "../decode/direction.js";
import { type Endpoint, ofOneFamily } from "./addresses.js";
import { ipPacket, MAX_IP_PAYLOAD, PROTOCOL } from "./ip-packet.js";

/** The packets of one conversation, as if client and server had spoken to each other without a daemon between them. */
export interface Conversation {
  /** The connection is established. */
  open(): Buffer[];
  data(direction: Direction, bytes: Buffer): Buffer[];
  /** The side that sends this way has nothing more to say. */
  end(direction: Direction): Buffer[];
  /** The side that sends this way has cut the connection. */
  reset(direction: Direction): Buffer[];
  /** The client tries to connect, and the server refuses. */
  refused(): Buffer[];
}

const TCP_HEADER = 20;
const UDP_HEADER = 8;
/** Most bytes of one segment. Whole messages mostly fit, and IP packets have 64 KiB at most. */
const SEGMENT = 32_768;
const WINDOW = 0xffff;
/** Maximum segment size, and windows of 1 GiB (RFC 7323): no packet here waits for the other side. */
const SYN_OPTIONS = Buffer.from([2, 4, SEGMENT >> 8, SEGMENT & 0xff, 1, 3, 3, 14]);
/** So many bytes pass without a word of the other side before it acknowledges them. */
const ACKNOWLEDGE_AFTER = 65_536;
const FLAG = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;
const NOTHING = Buffer.alloc(0);

const back = (direction: Direction): Direction => (direction === "up" ? "down" : "up");

/** A stream as TCP segments (RFC 9293). Sequence numbers have no gaps: the data of one direction, joined, is what passed. */
export class TcpConversation implements Conversation {
  readonly #ends: Readonly<Record<Direction, Endpoint>>;
  /** The next sequence number of each direction. */
  readonly #next: Record<Direction, number>;
  readonly #unacknowledged: Record<Direction, number> = { up: 0, down: 0 };
  readonly #ended: Record<Direction, boolean> = { up: false, down: false };

  /** @param first a sequence number: conversations of the same ports have different ones */
  constructor(client: Endpoint, server: Endpoint, first: number) {
    const [up, down] = ofOneFamily(client, server);
    this.#ends = { up, down };
    this.#next = { up: first >>> 0, down: (first + 0x4000_0000) >>> 0 };
  }

  open(): Buffer[] {
    const packets = [this.#segment("up", FLAG.syn, NOTHING, SYN_OPTIONS)];
    this.#step("up", 1);
    packets.push(this.#segment("down", FLAG.syn | FLAG.ack, NOTHING, SYN_OPTIONS));
    this.#step("down", 1);
    packets.push(this.#segment("up", FLAG.ack));
    return packets;
  }

  refused(): Buffer[] {
    const packets = [this.#segment("up", FLAG.syn, NOTHING, SYN_OPTIONS)];
    this.#step("up", 1);
    return [...packets, this.#segment("down", FLAG.rst | FLAG.ack)];
  }

  data(direction: Direction, bytes: Buffer): Buffer[] {
    const packets: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const piece = bytes.subarray(at, at + SEGMENT);
      packets.push(this.#segment(direction, FLAG.psh | FLAG.ack, piece));
      this.#step(direction, piece.length);
      this.#unacknowledged[direction] += piece.length;
      if (this.#unacknowledged[direction] >= ACKNOWLEDGE_AFTER) packets.push(this.#segment(back(direction), FLAG.ack));
    }
    return packets;
  }

  end(direction: Direction): Buffer[] {
    if (this.#ended[direction]) return [];
    this.#ended[direction] = true;
    const fin = this.#segment(direction, FLAG.fin | FLAG.ack);
    this.#step(direction, 1);
    return this.#ended[back(direction)] ? [fin, this.#segment(back(direction), FLAG.ack)] : [fin];
  }

  reset(direction: Direction): Buffer[] {
    if (this.#ended.up && this.#ended.down) return [];
    this.#ended.up = true;
    this.#ended.down = true;
    return [this.#segment(direction, FLAG.rst | FLAG.ack)];
  }

  #step(direction: Direction, by: number): void {
    this.#next[direction] = (this.#next[direction] + by) >>> 0;
  }

  #segment(direction: Direction, flags: number, data: Buffer = NOTHING, options: Buffer = NOTHING): Buffer {
    const [from, to] = [this.#ends[direction], this.#ends[back(direction)]];
    const headerSize = TCP_HEADER + options.length;
    const segment = Buffer.alloc(headerSize + data.length);
    segment.writeUInt16BE(from.port);
    segment.writeUInt16BE(to.port, 2);
    segment.writeUInt32BE(this.#next[direction], 4);
    if (flags & FLAG.ack) segment.writeUInt32BE(this.#next[back(direction)], 8);
    segment[12] = (headerSize / 4) << 4;
    segment[13] = flags;
    segment.writeUInt16BE(WINDOW, 14);
    options.copy(segment, TCP_HEADER);
    data.copy(segment, headerSize);
    if (flags & FLAG.ack) this.#unacknowledged[back(direction)] = 0;
    return ipPacket(from, to, PROTOCOL.tcp, segment, 16);
  }
}

/** Datagrams (RFC 768). They have no beginning and no end. */
export class UdpConversation implements Conversation {
  readonly #ends: Readonly<Record<Direction, Endpoint>>;

  constructor(client: Endpoint, server: Endpoint) {
    const [up, down] = ofOneFamily(client, server);
    this.#ends = { up, down };
  }

  data(direction: Direction, bytes: Buffer): Buffer[] {
    const [from, to] = [this.#ends[direction], this.#ends[back(direction)]];
    const data = bytes.subarray(0, MAX_IP_PAYLOAD - UDP_HEADER);
    const datagram = Buffer.alloc(UDP_HEADER + data.length);
    datagram.writeUInt16BE(from.port);
    datagram.writeUInt16BE(to.port, 2);
    datagram.writeUInt16BE(datagram.length, 4);
    data.copy(datagram, UDP_HEADER);
    return [ipPacket(from, to, PROTOCOL.udp, datagram, 6)];
  }

  open(): Buffer[] {
    return [];
  }
  end(): Buffer[] {
    return [];
  }
  reset(): Buffer[] {
    return [];
  }
  refused(): Buffer[] {
    return [];
  }
}
