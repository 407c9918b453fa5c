import type { Direction } from "../core/decode/direction.js";
import { backlogChanged, type FlowState, NO_BACKLOG, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import type { End } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";

/** Longest block that is written at once while somebody parses the messages in it; at worst that takes some milliseconds. */
const OBSERVED_BLOCK_BYTES = 4096;

/** What a flow tells the relay it belongs to. */
export interface FlowOwner {
  /** A block has been written to the sink. */
  written(flow: Flow, bytes: number): void;
  fault(error: unknown): void;
}

/** One direction of a relay: bytes from a source to a sink, in order, with back pressure, and FIN behind them. */
export class Flow implements FlowState {
  readonly direction: Direction;
  readonly source: End;
  readonly sink: End;
  /** Bytes received from the source. */
  bytes = 0;
  /** When the source last sent something, or could send again after a stall; in a stall, when the sink last gave a sign of life. */
  lastActivityAt: number;
  /** The source has sent FIN. */
  eof = false;
  /** The source has gone, but bytes that it sent before are still to be read. */
  lost = false;
  /** FIN has been passed on, behind everything. */
  finished = false;
  /** The sink does not take more for now, so the source is paused. */
  stalled = false;
  /** When the kernel's table last showed that the sink's peer takes bytes. */
  peerProgressAt: number;
  readonly #clock: Clock;
  readonly #owner: FlowOwner;
  /** Most bytes of one write by the options of the connection (BLKS); 0: no limit. */
  readonly #configuredBlock: number;
  /** Most bytes of one write now; 0: no limit. */
  #blockSize = 0;
  #observer: ByteObserver | undefined;
  /** What the sink has not been given yet. The memory belongs to the source, which is paused. */
  #rest: Buffer | undefined;
  /** Blocks are being written: a sink that takes one at once says `drained` amid the next ones. */
  #writingBlocks = false;
  #fin: "open" | "waiting" | "sent" = "open";
  /** A chunk of many blocks costs a write for each: they are written in several slices. */
  #slice: TimeSlice | undefined;
  #backlog = NO_BACKLOG;

  /** @param blockSize most bytes of one write; 0: no limit */
  constructor(direction: Direction, source: End, sink: End, blockSize: number, clock: Clock, owner: FlowOwner) {
    this.direction = direction;
    this.source = source;
    this.sink = sink;
    this.#configuredBlock = blockSize;
    this.#clock = clock;
    this.#owner = owner;
    this.lastActivityAt = clock.now();
    this.peerProgressAt = this.lastActivityAt;
    this.#chooseBlockSize();
  }

  /** Sees what passes from now on. */
  set observer(observer: ByteObserver | undefined) {
    this.#observer = observer;
    this.#chooseBlockSize();
  }

  /** The sink's peer would take more, but its turn on a shared link has not come. */
  get queued(): boolean {
    return this.stalled && this.sink.awaitsTurn === true;
  }

  /** Bytes that the sink's peer had not acknowledged at the last look. */
  get unacknowledged(): number {
    return this.#backlog.unacknowledged;
  }

  /** Whether the sink's peer had taken everything at the last look. */
  get isTaken(): boolean {
    return this.#backlog.unacknowledged === 0 && this.#backlog.unread === 0;
  }

  /** The result of a look at the sink's peer. The backlog may grow: in a stall, the kernel takes as much as it gets rid of. */
  backlogSeen(backlog: PeerBacklog): void {
    if (backlogChanged(backlog, this.#backlog)) this.peerProgressAt = this.#clock.now();
    this.#backlog = backlog;
  }

  /** Whether nothing is between source and sink: the kernel has taken all that came, and a FIN behind it. */
  get isEmpty(): boolean {
    const isFinSettled = this.#fin === "open" || this.finished;
    return !this.stalled && this.isPassedOn && isFinSettled && this.sink.unsent === 0;
  }

  /** Whether the sink has got all that came, and has kept what its peer has not taken. */
  get isPassedOn(): boolean {
    return this.#rest === undefined && !this.lost;
  }

  /** Goes on where another process has been. */
  restore(bytes: number, lastActivityAt: number): void {
    this.bytes = bytes;
    this.lastActivityAt = lastActivityAt;
  }

  /** Forwards a chunk of the source. Pauses the source while the sink does not take everything. */
  forward(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.lastActivityAt = this.#clock.now();
    if (chunk.length === 0 && this.sink.dropped === undefined) {
      this.#observer?.passed(this.direction, chunk, true); // an empty datagram: a sign of life, and no byte of a stream
      return;
    }
    if (this.#rest !== undefined)
      this.#rest = Buffer.concat([this.#rest, chunk]); // the last bytes of a source that is paused
    else if (this.#blockSize === 0 || chunk.length <= this.#blockSize) this.#write(chunk);
    else this.#writeBlocks(chunk);
    if (this.sink.unsent > 0 || this.#rest !== undefined) {
      this.stalled = true;
      this.source.pause();
    }
  }

  /** The sink has taken everything, or is at least not stuck. */
  sinkDrained(): void {
    this.#resume();
    if (!this.stalled) this.#observer?.drained(this.direction);
  }

  /** The source has ended: FIN follows behind everything that is still to be written. */
  finish(): void {
    this.eof = true;
    if (this.#fin === "sent") return;
    if (this.#rest === undefined) this.#sendFin();
    else this.#fin = "waiting";
  }

  /** Writes what is left at once, and FIN behind it: nobody will call {@link sinkDrained} any more. */
  finishAtOnce(): void {
    this.flush();
    this.finish();
  }

  /** Writes what is left at once. */
  flush(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#write(rest);
  }

  /** Drops what is left and sends no FIN. */
  stop(): void {
    this.#rest = undefined;
    this.#observer?.ended(this.direction);
  }

  #resume(): void {
    if (this.#writingBlocks) return; // the writer of the blocks checks by itself what is left unsent
    if (this.#rest !== undefined) this.#writeBlocks(this.#rest);
    if (!this.stalled) return;
    this.lastActivityAt = this.#clock.now();
    if (this.sink.unsent > 0 || this.#rest !== undefined) return;
    this.stalled = false;
    if (this.#fin === "waiting") this.#sendFin();
    if (!this.eof) this.source.resume();
  }

  #sendFin(): void {
    this.#fin = "sent";
    this.#observer?.ended(this.direction);
    this.sink.end();
  }

  #writeBlocks(chunk: Buffer): void {
    this.#slice ??= new TimeSlice(() => this.#nextSlice());
    const size = this.#blockSize === 0 ? chunk.length : this.#blockSize;
    let at = 0;
    this.#writingBlocks = true;
    try {
      while (at < chunk.length && this.sink.unsent === 0 && this.#slice.takeStep()) {
        this.#write(chunk.subarray(at, at + size));
        at += size;
      }
    } finally {
      this.#writingBlocks = false;
    }
    this.#rest = at < chunk.length ? chunk.subarray(at) : undefined;
    if (this.#rest !== undefined && this.sink.unsent === 0) this.#slice.yield();
  }

  #nextSlice(): void {
    if (this.#rest === undefined || this.sink.unsent > 0) return;
    try {
      this.#resume();
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  #write(block: Buffer): void {
    const isFirstToSee = this.sink.intermediary !== undefined; // the write may lead to what other observers show
    if (isFirstToSee) this.#observer?.passed(this.direction, block, true);
    this.sink.write(block);
    this.#owner.written(this, block.length);
    if (!isFirstToSee) this.#observer?.passed(this.direction, block, this.sink.unsent === 0);
  }

  /** Somebody parses messages: the observer here, or the intermediary that takes them. A datagram is never split. */
  #chooseBlockSize(): void {
    const isWatched = this.#observer !== undefined && this.#observer.takesLongChunks !== true;
    const isParsed = isWatched || this.sink.intermediary !== undefined;
    const isDatagrams = this.source.dropped !== undefined || this.sink.dropped !== undefined;
    this.#blockSize =
      isParsed && !isDatagrams
        ? Math.min(this.#configuredBlock || OBSERVED_BLOCK_BYTES, OBSERVED_BLOCK_BYTES)
        : this.#configuredBlock;
  }
}

/** The side that a flow comes from. */
export function sourceOf({ direction }: Flow): "client" | "remote" {
  return direction === "up" ? "client" : "remote";
}
