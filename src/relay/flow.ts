import { backlogChanged, type FlowState, NO_BACKLOG, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import type { End } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";

/** What a flow asks of the relay it belongs to. */
export interface FlowOwner {
  /** Writes the next bytes of a flow to its sink, now. */
  write(flow: Flow, block: Buffer): void;
  fault(error: unknown): void;
}

/** One direction of a relay: from one end to the other, with back pressure. */
export class Flow implements FlowState {
  /** Bytes that came. */
  bytes = 0;
  /** When something last came, or could come again after a stall; in a stall, when the sink last gave a sign of life. */
  lastActivityAt: number;
  /** The source has sent FIN. */
  eof = false;
  /** FIN has been passed on, behind everything. */
  finished = false;
  /** The sink does not take more for now, so the source is paused. */
  stalled = false;
  /** The most bytes that one write hands on; 0: no limit. */
  blockSize: number;
  /** When looks last showed that the sink's peer takes bytes. */
  peerProgressAt: number;
  readonly from: End;
  readonly to: End;
  readonly #clock: Clock;
  readonly #owner: FlowOwner;
  /** What the sink has not been given yet, in memory of the source, which is paused. */
  #rest: Buffer | undefined;
  /** Blocks are being written: a sink that takes one at once tells so amid the next ones. */
  #passing = false;
  /** FIN is to follow behind that. */
  #ending = false;
  /** Each block takes a write: a chunk of many blocks is passed on in several turns. */
  #slice: TimeSlice | undefined;
  #backlog = NO_BACKLOG;

  constructor(from: End, to: End, blockSize: number, clock: Clock, owner: FlowOwner) {
    this.from = from;
    this.to = to;
    this.blockSize = blockSize;
    this.#clock = clock;
    this.#owner = owner;
    this.lastActivityAt = clock.now();
    this.peerProgressAt = this.lastActivityAt;
  }

  get queued(): boolean {
    return this.stalled && this.to.queues === true;
  }

  pass(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.lastActivityAt = this.#clock.now();
    if (chunk.length === 0) return; // an empty datagram: a sign of life, nothing to pass on
    if (this.#rest !== undefined)
      this.#rest = Buffer.concat([this.#rest, chunk]); // the last bytes of an end that is paused
    else if (this.blockSize === 0 || chunk.length <= this.blockSize) this.#owner.write(this, chunk);
    else this.#passInBlocks(chunk);
    if (this.to.unsent > 0 || this.#rest !== undefined) {
      this.stalled = true;
      this.from.pause();
    }
  }

  /** The sink has taken everything, or is at least not stuck. */
  drained(): void {
    if (this.#passing) return; // whoever passes blocks on looks himself at what is left unsent
    if (this.#rest !== undefined) this.#passInBlocks(this.#rest);
    if (!this.stalled) return;
    this.lastActivityAt = this.#clock.now();
    if (this.to.unsent > 0 || this.#rest !== undefined) return;
    this.stalled = false;
    if (this.#ending) this.to.end();
    if (!this.eof) this.from.resume();
  }

  /** Bytes that the sink's peer had not acknowledged, when that was last looked at. */
  get unacknowledged(): number {
    return this.#backlog.unacknowledged;
  }

  /** Whether the sink's peer had taken everything then. */
  get isTaken(): boolean {
    return this.#backlog.unacknowledged === 0 && this.#backlog.unread === 0;
  }

  /** What the sink's peer has not taken now. It may be more than before: in a stall, the kernel takes as much as it gets rid of. */
  looked(backlog: PeerBacklog): void {
    if (backlogChanged(backlog, this.#backlog)) this.peerProgressAt = this.#clock.now();
    this.#backlog = backlog;
  }

  /** No more comes: FIN follows behind what is still to be written. */
  finish(): void {
    this.eof = true;
    if (this.#rest === undefined) this.to.end();
    else this.#ending = true;
  }

  /** Nobody will tell of {@link drained} any more: passes on what is left at once, and FIN behind it. */
  finishAtOnce(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#owner.write(this, rest);
    this.finish();
  }

  /** Passes nothing on any more. */
  stop(): void {
    this.#rest = undefined;
  }

  #passInBlocks(chunk: Buffer): void {
    this.#slice ??= new TimeSlice(() => this.#goOn());
    const size = this.blockSize === 0 ? chunk.length : this.blockSize;
    let at = 0;
    this.#passing = true;
    try {
      while (at < chunk.length && this.to.unsent === 0 && this.#slice.takeStep()) {
        this.#owner.write(this, chunk.subarray(at, at + size));
        at += size;
      }
    } finally {
      this.#passing = false;
    }
    this.#rest = at < chunk.length ? chunk.subarray(at) : undefined;
    if (this.#rest !== undefined && this.to.unsent === 0) this.#slice.yield();
  }

  #goOn(): void {
    if (this.#rest === undefined || this.to.unsent > 0) return;
    try {
      this.drained();
    } catch (error) {
      this.#owner.fault(error);
    }
  }
}
