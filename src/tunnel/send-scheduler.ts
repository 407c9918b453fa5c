import { FrameBatch } from "../core/tunnel/frame-batch.js";
import { frameOf, type SendableCommand } from "../core/tunnel/frames.js";
import { SendWindow } from "../core/tunnel/send-window.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { Channel } from "./channel.js";

const PING = frameOf({ kind: "ping" });
const PONG = frameOf({ kind: "pong" });

/**
 * What a link sends. Commands go at once. Bytes of clients go in turns, a piece each, as long as the kernel takes them and the
 * {@link SendWindow} is open.
 */
export class SendScheduler {
  readonly #end: Pick<StreamEnd, "unsent" | "write">;
  readonly #clock: Pick<Clock, "now">;
  readonly #window = new SendWindow();
  /** Whether a first PING has gone out. */
  #pinging = false;
  /** This side does not read for now, so no PONG can open the window. */
  #readingPaused = false;
  #usesCredit = false;
  /** Clients with bytes to send, in the order of their turns. */
  readonly #waiting = new Set<Channel>();
  readonly #batch = new FrameBatch();
  /** Clients whose last pieces the kernel has not taken yet. */
  #sending: Channel[] = [];

  constructor(end: Pick<StreamEnd, "unsent" | "write">, clock: Pick<Clock, "now">) {
    this.#end = end;
    this.#clock = clock;
  }

  /** Bytes sent so far, headers of frames included. */
  get sent(): number {
    return this.#window.sent;
  }

  /** Whether the peer is known to answer pings. */
  get peerAnswersPings(): boolean {
    return this.#window.peerAnswersPings;
  }

  /** Sends a command at once. */
  send(command: SendableCommand): void {
    this.#write(frameOf(command));
    this.#pingIfDue();
  }

  /** Sends a first PING, to learn whether the peer answers pings. */
  startPinging(): void {
    if (this.#pinging) return;
    this.#pinging = true;
    this.sendPing();
  }

  /** Answers `count` PINGs of the peer in one write. A peer that sends PINGs also answers ours. */
  sendPongs(count: number): void {
    this.#write(Buffer.alloc(count * PONG.length, PONG));
    this.#window.peerAnswersPings = true;
    this.startPinging();
    this.#pingIfDue();
  }

  sendPing(): void {
    this.#write(PING);
    this.#window.pingSent(this.#clock.now());
  }

  /** The peer has answered a PING. */
  pongReceived(): void {
    this.#window.pongReceived(this.#clock.now());
    this.#pingIfDue();
    this.#dispatch();
  }

  /** This side stops reading the link: PONGs cannot come, so clients' bytes go out without them. */
  readingPaused(): void {
    this.#readingPaused = true;
    this.#dispatch();
  }

  /** This side reads the link again. */
  readingResumed(): void {
    this.#readingPaused = false;
    this.#window.ignoreOutstandingPings();
  }

  /** The peer accepts bytes of a client only as far as it has given credit. */
  enableCredit(): void {
    this.#usesCredit = true;
  }

  /** The peer accepts so many bytes more of this client. */
  credit(channel: Channel, bytes: number): void {
    channel.addSendCredit(bytes);
    if (channel.unsent > 0) this.schedule(channel);
  }

  /** A client has bytes to send. */
  schedule(channel: Channel): void {
    if (!this.#accepts(channel)) return;
    this.#waiting.add(channel);
    this.#dispatch();
  }

  /** The peer wants nothing more for this client until {@link resume}. */
  pause(channel: Channel): void {
    channel.sendingPaused = true;
    this.#waiting.delete(channel);
  }

  /** The peer wants bytes for this client again. */
  resume(channel: Channel): void {
    channel.sendingPaused = false;
    if (channel.unsent > 0) this.schedule(channel);
  }

  /** A client has gone. */
  remove(channel: Channel): void {
    this.#waiting.delete(channel);
  }

  /** The kernel has taken everything. */
  drained(): void {
    for (const channel of this.#sending.splice(0)) channel.sent();
    this.#dispatch();
  }

  get #isOpen(): boolean {
    return this.#window.open || this.#readingPaused;
  }

  #dispatch(): void {
    while (this.#end.unsent === 0 && this.#isOpen && this.#waiting.size > 0) this.#sendBatch();
  }

  /** Sends pieces, one of each client in turn: several of them in one write to a peer that answers pings, and so bounds what waits. */
  #sendBatch(): void {
    const done: Channel[] = [];
    const { piece } = this.#window;
    do {
      const channel = this.#addPiece(piece);
      if (channel?.unsent === 0) done.push(channel);
    } while (this.#waiting.size > 0 && this.#isOpen && this.peerAnswersPings && this.#batch.fits(piece));
    if (this.#batch.length === 0) return;
    this.#end.write(this.#batch.take());
    if (this.#end.unsent > 0) this.#sending.push(...done);
    else for (const channel of done) channel.sent();
  }

  /** Adds a piece of the client whose turn it is to the batch. Undefined when the client has nothing, or may not send. */
  #addPiece(most: number): Channel | undefined {
    const [channel] = this.#waiting;
    if (channel === undefined) return undefined;
    this.#waiting.delete(channel);
    if (!this.#accepts(channel)) return undefined;
    const bytes = channel.takePiece(this.#usesCredit ? Math.min(most, channel.sendCredit) : most);
    if (bytes === undefined) return undefined;
    if (channel.unsent > 0) this.#waiting.add(channel);
    this.#window.sent += this.#batch.addData(channel.id, bytes);
    if (this.#window.pingDue) {
      this.#window.sent += this.#batch.add(PING);
      this.#window.pingSent(this.#clock.now());
    }
    return channel;
  }

  #accepts(channel: Channel): boolean {
    return !channel.sendingPaused && (!this.#usesCredit || channel.sendCredit > 0);
  }

  #write(bytes: Buffer): void {
    this.#window.sent += bytes.length;
    this.#end.write(bytes);
  }

  #pingIfDue(): void {
    if (this.#window.pingDue) this.sendPing();
  }
}
