import { frameOf, HEADER, PAYLOAD_MAX, type SendableCommand, writeDataHeader } from "../core/tunnel/frames.js";
import { SendWindow } from "../core/tunnel/send-window.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { Channel } from "./channel.js";

const PING = frameOf({ kind: "ping" });
/** Bytes from which on a piece is copied into memory that is kept for it: a new buffer for each would cost more than the copy. */
const LONG = 4096;
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
  /** Memory for the frames of long pieces: it is free again when the kernel has taken the frame, and no other piece goes before. */
  #frame: Buffer | undefined;
  /** Clients with bytes to send, in the order of their turns. */
  readonly #waiting = new Set<Channel>();
  /** The client whose last piece the kernel has not taken yet. */
  #sending: Channel | undefined;

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
    const sending = this.#sending;
    this.#sending = undefined;
    sending?.sent();
    this.#dispatch();
  }

  get #open(): boolean {
    return this.#end.unsent === 0 && (this.#window.open || this.#readingPaused);
  }

  /** Sends pieces, one of each client in turn. */
  #dispatch(): void {
    while (this.#open) {
      const [channel] = this.#waiting;
      if (channel === undefined) return;
      this.#waiting.delete(channel);
      if (!this.#accepts(channel)) continue;
      const { piece } = this.#window;
      const bytes = channel.takePiece(this.#usesCredit ? Math.min(piece, channel.sendCredit) : piece);
      if (bytes === undefined) continue;
      if (channel.unsent > 0) this.#waiting.add(channel);
      this.#write(this.#frameOf(channel.id, bytes));
      this.#pingIfDue();
      if (channel.unsent > 0) continue;
      if (this.#end.unsent === 0) channel.sent();
      else this.#sending = channel;
    }
  }

  #accepts(channel: Channel): boolean {
    return !channel.sendingPaused && (!this.#usesCredit || channel.sendCredit > 0);
  }

  #frameOf(client: number, bytes: Buffer): Buffer {
    if (bytes.length < LONG) return frameOf({ kind: "data", client, bytes });
    this.#frame ??= Buffer.allocUnsafeSlow(HEADER + PAYLOAD_MAX);
    writeDataHeader(this.#frame, client, bytes.length);
    bytes.copy(this.#frame, HEADER);
    return this.#frame.subarray(0, HEADER + bytes.length);
  }

  #write(bytes: Buffer): void {
    this.#window.sent += bytes.length;
    this.#end.write(bytes);
  }

  #pingIfDue(): void {
    if (this.#window.pingDue) this.sendPing();
  }
}
