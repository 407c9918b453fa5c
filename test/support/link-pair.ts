import { type EndEvents, IGNORE_EVENTS, isCut } from "#src/sockets/end.js";
import type { Channel } from "#src/tunnel/channel.js";
import type { SessionConnection } from "#src/tunnel/resumable-end.js";
import { TunnelLink } from "#src/tunnel/tunnel-link.js";
import { ManualClock } from "./clock.js";

/** One side of a connection in memory. What it has written reaches the other side when the test says so. */
class TransportInMemory implements SessionConnection {
  events: EndEvents = IGNORE_EVENTS;
  readonly unsent = 0;
  isPaused = true;
  get reading(): boolean {
    return !this.isPaused;
  }

  readonly written: Buffer[] = [];
  #kept = false;

  write(chunk: Buffer | string): void {
    this.written.push(Buffer.from(chunk as Buffer)); // the writer may use the memory again
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {}

  destroy(): void {
    this.isPaused = true;
  }

  keepChunk(): void {
    this.#kept = true;
  }

  /** Reads a chunk; as on a socket, the next read overwrites it, unless somebody keeps it. */
  receive(chunk: Buffer): void {
    this.#kept = false;
    this.events.data(chunk);
    if (!this.#kept && !this.isPaused) chunk.fill(0xee);
  }
}

/** A client on one side of the pair: what it has read, and how it has ended. */
export class PairClient {
  readonly channel: Channel;
  readonly told: string[] = [];
  readonly #chunks: Buffer[] = [];
  #lent: Buffer | undefined;

  constructor(channel: Channel) {
    this.channel = channel;
    channel.events = {
      ...IGNORE_EVENTS,
      data: (chunk) => this.#read(chunk),
      eof: () => this.told.push("eof"),
      finished: () => this.told.push("finished"),
      closed: (error) => this.told.push(isCut(error) ? "cut" : "closed"),
      fault: (error) => this.told.push(`fault: ${error}`),
    };
  }

  /** Takes one chunk only, and keeps it until {@link takeIt}, as a socket whose kernel is full does. */
  slow = false;

  takeIt(): void {
    if (this.#lent !== undefined) this.#chunks.push(Buffer.from(this.#lent));
    this.#lent = undefined;
    this.channel.resume();
  }

  get text(): string {
    return Buffer.concat([...this.#chunks, ...(this.#lent ? [this.#lent] : [])]).toString("latin1");
  }

  #read(chunk: Buffer): void {
    if (!this.slow) {
      this.#chunks.push(Buffer.from(chunk));
      return;
    }
    this.#lent = chunk;
    this.channel.pause();
  }
}

/** Two links, joined by a connection in memory, and the clients of both. */
export class LinkPair {
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly #transports = [new TransportInMemory(), new TransportInMemory()] as const;
  readonly links: readonly [TunnelLink, TunnelLink];

  constructor() {
    const linkOf = (index: 0 | 1): TunnelLink =>
      new TunnelLink(this.#transports[index], { stallMs: 5000, probeMs: 0 }, this.clock, {
        command: ({ kind }) => {
          if (kind !== "hello") this.told.push(kind);
        },
        stalled: ({ id }) => this.told.push(`stalled ${id}`),
        lost: (reason) => this.told.push(`lost: ${reason}`),
        fault: (error) => this.told.push(`fault: ${error}`),
      });
    this.links = [linkOf(0), linkOf(1)];
    for (const link of this.links) link.start();
  }

  /** Both learn what the other can do. */
  async introduce(): Promise<void> {
    this.links[0].startPinging();
    await this.settle();
  }

  /** Opens a client on both sides. */
  open(id: number): readonly [PairClient, PairClient] {
    const clients = this.links.map((link) => new PairClient(link.open(id, { host: "127.0.0.1", port: 1 })));
    for (const { channel } of clients) channel.resume();
    return clients as unknown as readonly [PairClient, PairClient];
  }

  /** What a side has written reaches the other one: its next write, `most` bytes at most. False where there is nothing. */
  deliver(from: 0 | 1, most = Number.POSITIVE_INFINITY): boolean {
    const to = this.#transports[from === 0 ? 1 : 0];
    const { written } = this.#transports[from];
    const [chunk] = written;
    if (chunk === undefined || to.isPaused) return false;
    if (chunk.length > most) written[0] = chunk.subarray(most);
    else written.shift();
    to.receive(Buffer.from(chunk.subarray(0, most)));
    return true;
  }

  /** Everything reaches the other side, and the answers, too; with what a later pass of the event loop adds. */
  async settle(): Promise<void> {
    do {
      while (this.deliver(0) || this.deliver(1));
      for (let pass = 0; pass < 3; pass += 1) await nextPass(); // a link that has used up its time slice goes on
    } while (this.#transports.some(({ written }) => written.length > 0));
  }
}

/** Waits for the next pass of the event loop. */
export function nextPass(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
