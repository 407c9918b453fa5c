import { frameOf, type Told } from "../core/tunnel/frames.js";
import { SendWindow } from "../core/tunnel/send-window.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { Channel } from "./channel.js";

const SEEN = frameOf({ kind: "seen" });

/** What a link sends: commands at once; clients' bytes in turns, as long as the kernel takes them and not too much is under way. */
export class SendScheduler {
  readonly #end: StreamEnd;
  readonly #clock: Clock;
  readonly #window = new SendWindow();
  /** Whether the other side has been asked to answer marks. */
  #marking = false;
  /** Answers are not read for now. */
  #deaf = false;
  /** Those that have something to send, in the order of their turns. */
  readonly #scheduler = new Set<Channel>();
  /** The one whose piece the kernel has not taken yet. */
  #sending: Channel | undefined;

  constructor(end: StreamEnd, clock: Clock) {
    this.#end = end;
    this.#clock = clock;
  }

  /** Bytes so far. */
  get sent(): number {
    return this.#window.sent;
  }

  /** Whether the other side is known to answer marks. */
  get answered(): boolean {
    return this.#window.answering;
  }

  /** Sends a command, whatever is under way. */
  send(command: Told): void {
    this.#write(frameOf(command));
    this.#markIfDue();
  }

  /** Asks the other side to answer marks, if it can. */
  beginMarking(): void {
    if (this.#marking) return;
    this.#marking = true;
    this.mark();
  }

  /** Answers so many marks of the other side, in one write. It knows marks, so it answers ours. */
  answer(marks: number): void {
    this.#write(Buffer.alloc(marks * SEEN.length, SEEN));
    this.#window.answering = true;
    this.beginMarking();
    this.#markIfDue();
  }

  /** Sends a mark. */
  mark(): void {
    this.#write(frameOf({ kind: "mark" }));
    this.#window.mark(this.#clock.now());
  }

  /** The other side has answered one. */
  seen(): void {
    this.#window.answered(this.#clock.now());
    this.#markIfDue();
    this.#dispatch();
  }

  /** Answers will not be read for a while, or are again: meanwhile they cannot say how much may be under way. */
  deafen(is: boolean): void {
    this.#deaf = is;
    if (is) this.#dispatch();
    else this.#window.disturb();
  }

  /** A client has something to send. */
  want(channel: Channel): void {
    if (channel.held) return;
    this.#scheduler.add(channel);
    this.#dispatch();
  }

  /** The other side wants nothing more for a client, or does again. */
  hold(channel: Channel, is: boolean): void {
    channel.held = is;
    if (is) this.#scheduler.delete(channel);
    else if (channel.unsent > 0) this.want(channel);
  }

  /** A client is gone. */
  forget(channel: Channel): void {
    this.#scheduler.delete(channel);
  }

  /** The kernel has taken everything. */
  drained(): void {
    const sending = this.#sending;
    this.#sending = undefined;
    sending?.sent();
    this.#dispatch();
  }

  get #open(): boolean {
    return this.#end.unsent === 0 && (this.#window.open || this.#deaf);
  }

  /** Sends pieces, one of each client in turn. */
  #dispatch(): void {
    while (this.#open) {
      const [channel] = this.#scheduler;
      if (channel === undefined) return;
      this.#scheduler.delete(channel);
      const bytes = channel.takePiece(this.#window.piece);
      if (bytes === undefined) continue;
      if (channel.unsent > 0) this.#scheduler.add(channel);
      this.send({ kind: "data", client: channel.id, bytes });
      if (channel.unsent > 0) continue;
      if (this.#end.unsent === 0) channel.sent();
      else this.#sending = channel;
    }
  }

  #write(frame: Buffer): void {
    this.#window.sent += frame.length;
    this.#end.write(frame);
  }

  #markIfDue(): void {
    if (this.#window.wantsMark) this.mark();
  }
}
