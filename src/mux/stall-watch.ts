import { backlogChanged, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { Clock, Timer } from "../system/clock.js";

/** Looks within the limit: what the kernel shows at both tells whether the peer has taken bytes in between. */
const LOOKS = 2;
/** Bytes per second that a peer moves at least while others wait; Apache's mod_reqtimeout asks as much (MinRate). A modem does more. */
const MIN_RATE = 500;
/** A peer slower than {@link MIN_RATE} has so many times the limit: a network may be away for some seconds. */
const SLOW_LIMITS = 2;
const TIMER_TOLERANCE_MS = 1; // a timer may fire early by a fraction of this

/** What a stall watch asks of its owner, and tells it. */
export interface StallWatchOwner {
  readonly clock: Clock;
  /** A reload may change the limit. */
  limitMs(): number;
  /** Whether the peer is the one that everybody waits for. */
  isDue(): boolean;
  /** Whether others wait until this peer is ready: a drop now and then does not count as moving. */
  isAwaited(): boolean;
  /** What the peer has not taken of what it was sent; nothing, where only {@link StallWatch.moved} tells. */
  backlog?(): Promise<PeerBacklog> | undefined;
  /** The peer has not moved for the limit, or next to nothing for twice as long. */
  stalled(): void;
  fault(error: unknown): void;
}

/** Notices that a peer does not move for some time although it is its turn to. One timer, however often it moves. */
export class StallWatch {
  readonly #owner: StallWatchOwner;
  #timer: Timer | undefined;
  /** When the peer last moved a byte. */
  #movedAt = 0;
  /** When it had last moved as much as {@link MIN_RATE} wants, or had no need to. */
  #enoughAt = 0;
  /** Bytes since then. */
  #bytes = 0;
  #backlog: PeerBacklog | undefined;

  constructor(owner: StallWatchOwner) {
    this.#owner = owner;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  /** The peer has moved so many bytes. Without a number: a lot, or its turn to move begins. */
  moved(bytes = Number.POSITIVE_INFINITY): void {
    this.#movedAt = this.#owner.clock.now();
    this.#bytes += bytes;
    if (this.#timer === undefined || this.#bytes >= (MIN_RATE * this.#slowMs) / 1000) this.#hasMovedEnough();
    if (this.#timer === undefined) this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#backlog = undefined;
  }

  get #slowMs(): number {
    return SLOW_LIMITS * this.#owner.limitMs();
  }

  #hasMovedEnough(): void {
    this.#enoughAt = this.#owner.clock.now();
    this.#bytes = 0;
  }

  /** How long the peer has left, in milliseconds. */
  #left(): number {
    const { clock, limitMs, isAwaited } = this.#owner;
    const silentUntil = this.#movedAt + limitMs();
    return (isAwaited() ? Math.min(silentUntil, this.#enoughAt + this.#slowMs) : silentUntil) - clock.now();
  }

  #look(): void {
    const { clock, limitMs, backlog } = this.#owner;
    const ms = backlog === undefined ? this.#left() : Math.min(this.#left(), limitMs() / LOOKS);
    const timer = clock.after(Math.max(1, Math.ceil(ms)), () => {
      if (!this.#owner.isDue()) this.moved();
      else if (!this.#owner.isAwaited()) this.#hasMovedEnough();
      // the event loop reads sockets first: after a standstill of the whole machine, bytes may have come long ago
      setImmediate(() => {
        this.#judge(timer).catch((error: unknown) => this.#owner.fault(error));
      });
    });
    this.#timer = timer;
  }

  async #judge(timer: Timer): Promise<void> {
    const backlog = this.#timer === timer ? await this.#owner.backlog?.() : undefined;
    if (this.#timer !== timer) return;
    const before = this.#backlog;
    this.#backlog = backlog;
    if (backlog !== undefined && before !== undefined && backlogChanged(backlog, before))
      this.moved(Math.max(0, before.unacknowledged + before.unread - backlog.unacknowledged - backlog.unread));
    if (this.#left() > TIMER_TOLERANCE_MS) {
      this.#look();
    } else {
      this.stop();
      this.#owner.stalled();
    }
  }
}
