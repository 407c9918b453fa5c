import { backlogChanged, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { Clock, Timer } from "../system/clock.js";

const LOOKS = 2; // within the limit: what the kernel shows at both tells whether the peer has taken bytes in between
const TIMER_TOLERANCE_MS = 1; // a timer may fire early by a fraction of this

/** What a stall watch asks of its owner, and tells it. */
export interface StallWatchOwner {
  readonly clock: Clock;
  /** A reload may change the limit. */
  limitMs(): number;
  /** Whether the peer is the one that everybody waits for. */
  isDue(): boolean;
  /** What the peer has not taken of what it was sent; nothing, where only {@link StallWatch.moved} tells. */
  backlog?(): Promise<PeerBacklog> | undefined;
  /** The peer has not moved for the limit. */
  stalled(): void;
  fault(error: unknown): void;
}

/** Notices that a peer does not move for some time although it is its turn to. One timer, however often it moves. */
export class StallWatch {
  readonly #owner: StallWatchOwner;
  #timer: Timer | undefined;
  #movedAt = 0;
  #backlog: PeerBacklog | undefined;

  constructor(owner: StallWatchOwner) {
    this.#owner = owner;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  /** The peer has moved, or its turn to move begins. */
  moved(): void {
    this.#movedAt = this.#owner.clock.now();
    if (this.#timer === undefined) this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#backlog = undefined;
  }

  #look(): void {
    const { clock, limitMs, backlog } = this.#owner;
    const ms = this.#movedAt + limitMs() - clock.now();
    const timer = clock.after(
      Math.max(1, Math.ceil(backlog === undefined ? ms : Math.min(ms, limitMs() / LOOKS))),
      () => {
        if (!this.#owner.isDue()) this.#movedAt = clock.now();
        // the event loop reads sockets first: after a standstill of the whole machine, bytes may have come long ago
        setImmediate(() => {
          this.#judge(timer).catch((error: unknown) => this.#owner.fault(error));
        });
      },
    );
    this.#timer = timer;
  }

  async #judge(timer: Timer): Promise<void> {
    const backlog = this.#timer === timer ? await this.#owner.backlog?.() : undefined;
    if (this.#timer !== timer) return;
    if (backlog !== undefined && this.#backlog !== undefined && backlogChanged(backlog, this.#backlog))
      this.#movedAt = this.#owner.clock.now();
    this.#backlog = backlog;
    const leftMs = this.#movedAt + this.#owner.limitMs() - this.#owner.clock.now();
    if (leftMs > TIMER_TOLERANCE_MS) {
      this.#look();
    } else {
      this.stop();
      this.#owner.stalled();
    }
  }
}
