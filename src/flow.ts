import type { Clock } from "./clock.js";
import { differs, type FlowState, type PeerBacklog } from "./core/silence.js";
import type { End } from "./ends/end.js";

/** One direction of a relay: from one end to the other, with back pressure. */
export class Flow implements FlowState {
  /** Bytes that came. */
  bytes = 0;
  /** When something last came, or could come again after a stall; in a stall, when the sink last gave a sign of life. */
  last: number;
  /** The source has sent FIN. */
  eof = false;
  /** FIN has been passed on, behind everything. */
  finished = false;
  /** The sink does not take more for now, so the source is paused. */
  stalled = false;
  /** When looks last showed that the sink's peer takes bytes. */
  taken: number;
  readonly from: End;
  readonly to: End;
  readonly #blockSize: number;
  readonly #clock: Clock;
  #rest: Buffer | undefined;
  #backlog: PeerBacklog = { unacknowledged: 0, unread: 0 };

  constructor(from: End, to: End, blockSize: number, clock: Clock) {
    this.from = from;
    this.to = to;
    this.#blockSize = blockSize;
    this.#clock = clock;
    this.last = clock.now();
    this.taken = this.last;
  }

  get queued(): boolean {
    return this.stalled && this.to.queues === true;
  }

  pass(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.last = this.#clock.now();
    if (chunk.length === 0) return; // an empty datagram: a sign of life, nothing to pass on
    if (this.#rest !== undefined)
      this.#rest = Buffer.concat([this.#rest, chunk]); // the last bytes of an end that is paused
    else if (this.#blockSize === 0 || chunk.length <= this.#blockSize) this.to.write(chunk);
    else this.#passInBlocks(chunk);
    if (this.to.unsent > 0 || this.#rest !== undefined) {
      this.stalled = true;
      this.from.pause();
    }
  }

  /** The sink has taken everything, or is at least not stuck. */
  drained(): void {
    if (this.#rest !== undefined) this.#passInBlocks(this.#rest);
    if (!this.stalled) return;
    this.last = this.#clock.now();
    if (this.to.unsent > 0) return;
    this.stalled = false;
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
    if (differs(backlog, this.#backlog)) this.taken = this.#clock.now();
    this.#backlog = backlog;
  }

  /** No more comes: sends FIN behind what is still to be written. */
  finish(): void {
    this.eof = true;
    if (this.#rest !== undefined) this.#passInBlocks(this.#rest, true);
    this.to.end();
  }

  /** @param regardless whether to go on when the sink is busy: for the last bytes */
  #passInBlocks(chunk: Buffer, regardless = false): void {
    let at = 0;
    while (at < chunk.length && (regardless || this.to.unsent === 0)) {
      this.to.write(chunk.subarray(at, at + this.#blockSize));
      at += this.#blockSize;
    }
    this.#rest = at < chunk.length ? chunk.subarray(at) : undefined;
  }
}
