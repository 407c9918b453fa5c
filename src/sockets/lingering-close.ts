import type { EndKind } from "../core/limits/end-rules.js";
import { backlogChanged, NO_BACKLOG, type PeerBacklog, SLOW_READER_LIMIT_MS } from "../core/limits/idle-deadlines.js";
import type { Clock, Timer } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";
import type { DeadPeers } from "./dead-peers.js";
import { type End, type EndEvents, IGNORE_EVENTS } from "./end.js";
import { peerBacklog } from "./peer-backlog.js";
import { streamOf } from "./stream-end.js";

/** How long a client may go on writing to a connection that has ended, once it has taken everything. */
const WRITER_LIMIT_MS = 5000;
/** How often the kernel is asked what a peer has taken that writes, or waits for its reset. */
const LOOK_AGAIN_MS = 1000;
/** The first look again at a peer that waits for its reset; the next ones come ever later. */
const LOOK_SOON_MS = 100;
const LOOK_LATER_PART = 0.5; // of the time without progress
/**
 * Time from the last byte that a peer took to its reset. Linux hands a program what came before a reset, Windows does not; and libuv, with
 * it Node, takes a reset that comes together with bytes for a FIN.
 */
const READING_MS = 200;
/** Most bytes of the peer that are read and dropped. The rest stays with the kernel, so that TCP makes the peer wait. */
const MAX_DROPPED_BYTES = 1_048_576;
/** A timer may fire early by a fraction of this. */
const TIMER_TOLERANCE_MS = 1;

/** What a lingering close tells the owner of the end. */
export interface LingeringCloseEvents {
  /** The peer has taken more of what waits for it. */
  drained(): void;
  /** Everything has been sent, and FIN behind it. Not told where a reset comes instead. */
  finished(): void;
  /** The end is closed: by its peer, by the reset, or because the limit was reached. */
  gone(): void;
  fault(error: unknown): void;
}

/** What a lingering close needs of the daemon. */
export interface LingeringCloseContext {
  readonly clock: Clock;
  readonly sockets: SocketTable;
}

/** How an end is closed. */
export interface Parting {
  /** What comes behind everything written: FIN or a reset. */
  readonly how: EndKind;
  /** Longest time in which the peer takes nothing, in milliseconds; after that, its socket is cut. */
  readonly limitMs: number;
  /** When the last byte was written, by the clock; left out: now. */
  readonly writtenAt?: number;
}

/**
 * Closes an end so that nothing is lost: everything written still reaches the peer, then FIN or a reset.
 *
 * Behind FIN the socket stays until the peer has closed too: closed earlier, the kernel would answer bytes that are still on their way from
 * the peer with a reset, and a reset takes the last words away from a peer that reads slowly.
 *
 * A reset throws away what our kernel still has. So it waits until the peer has acknowledged everything, and a moment longer, so that its
 * program reads that. A program on this machine has as long as for a FIN, unless it goes on writing.
 *
 * What the peer still sends is read and dropped.
 */
export function closeLingering(
  end: End,
  parting: Parting,
  context: LingeringCloseContext,
  events: LingeringCloseEvents,
): void {
  if (end.gone || streamOf(end)?.isBroken) {
    end.events = IGNORE_EVENTS;
    end.destroy();
    events.gone();
  } else if (parting.how === "end") new EndingPeer(end, parting, context, events).begin();
  else new ResetPeer(end, parting, context, events).begin();
}

/** Resets a remote behind everything that was written to it, for an owner that wants to hear no more of it. */
export function resetLingering(
  remote: End,
  writtenAt: number,
  context: LingeringCloseContext & { readonly deadPeers: Pick<DeadPeers, "remove"> },
  fault: (error: unknown) => void,
): void {
  closeLingering(remote, { how: "reset", limitMs: SLOW_READER_LIMIT_MS, writtenAt }, context, {
    drained() {},
    finished() {},
    gone() {
      context.deadPeers.remove(streamOf(remote));
    },
    fault,
  });
}

/** A peer that still has to take something. */
abstract class LingeringPeer implements EndEvents {
  protected readonly end: End;
  protected readonly limitMs: number;
  protected readonly context: LingeringCloseContext;
  protected readonly owner: LingeringCloseEvents;
  protected droppedBytes = 0;
  /** When the peer last took something. */
  #progressAt: number;
  #timer: Timer | undefined;
  /** As the last look has shown. */
  #backlog = NO_BACKLOG;

  constructor(end: End, parting: Parting, context: LingeringCloseContext, owner: LingeringCloseEvents) {
    this.end = end;
    this.limitMs = parting.limitMs;
    this.context = context;
    this.owner = owner;
    this.#progressAt = parting.writtenAt ?? context.clock.now();
  }

  abstract begin(): void;

  data(chunk: Buffer): void {
    this.droppedBytes += chunk.length;
    if (this.droppedBytes > MAX_DROPPED_BYTES) this.end.pause();
  }

  eof(): void {}

  drained(): void {
    this.progress();
    this.end.resume(); // its FIN may be behind what waits
    this.owner.drained();
  }

  finished(): void {}

  /** It takes nothing more, and what it has said is of no interest. */
  broken(): void {
    this.end.destroy();
  }

  closed(): void {
    this.#timer?.cancel();
    this.owner.gone();
  }

  fault(error: unknown): void {
    this.owner.fault(error);
  }

  protected progress(): void {
    this.#progressAt = this.context.clock.now();
    this.watch();
  }

  protected get withoutProgressMs(): number {
    return this.context.clock.now() - this.#progressAt;
  }

  /** Time to the next look, in milliseconds. */
  protected abstract get lookMs(): number;

  protected watch(): void {
    this.after(this.lookMs, () => this.look());
  }

  /** The next step, in place of the one that was planned. */
  protected after(ms: number, step: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.context.clock.after(ms, step);
  }

  /** The end is over, and its events are nobody's. */
  protected over(): void {
    this.end.events = IGNORE_EVENTS;
    this.closed();
  }

  /** The kernel may have taken bytes that the peer has not. */
  protected look(): void {
    const timer = this.#timer;
    peerBacklog(this.end, this.context.sockets)
      .then((backlog) => {
        if (this.#timer !== timer || this.end.gone) return; // there was progress meanwhile
        if (backlogChanged(backlog, this.#backlog)) this.#progressAt = this.context.clock.now();
        this.#backlog = backlog;
        this.judge(backlog);
      })
      .catch((error: unknown) => this.owner.fault(error));
  }

  /** Decides by the last look: closes the end, or goes on. */
  protected abstract judge(backlog: PeerBacklog): void;

  protected isOverdue(limitMs: number): boolean {
    return this.withoutProgressMs >= limitMs - TIMER_TOLERANCE_MS;
  }
}

/** FIN behind everything, and then the peer's. */
class EndingPeer extends LingeringPeer {
  /** The peer has taken everything and goes on writing. */
  #isWriter = false;

  begin(): void {
    this.end.events = this;
    this.watch();
    this.end.end();
    this.end.resume();
  }

  override data(chunk: Buffer): void {
    super.data(chunk);
    // a client that only writes has to learn of the end by an error: nobody will ever read this
    if (this.#isWriter || this.end.unsent > 0) return;
    this.#isWriter = true;
    this.progress();
  }

  override finished(): void {
    this.owner.finished();
  }

  protected get lookMs(): number {
    return this.#isWriter ? Math.min(this.limitMs, LOOK_AGAIN_MS) : this.limitMs;
  }

  /** Only a peer without any progress is cut. */
  protected judge({ unacknowledged }: PeerBacklog): void {
    const openLimitMs = this.#isWriter ? Math.min(this.limitMs, WRITER_LIMIT_MS) : this.limitMs;
    if (this.isOverdue(unacknowledged > 0 ? this.limitMs : openLimitMs)) this.#cut();
    else this.watch();
  }

  /** Resets the connection where bytes of either direction are lost, so that the peer learns of it. */
  #cut(): void {
    if (this.droppedBytes > 0 || this.end.unsent > 0) this.end.reset();
    else this.end.destroy();
  }
}

/** A reset behind everything. */
class ResetPeer extends LingeringPeer {
  begin(): void {
    this.end.events = this;
    this.end.resume();
    this.look();
  }

  protected get lookMs(): number {
    return Math.min(Math.max(LOOK_SOON_MS, this.withoutProgressMs * LOOK_LATER_PART), LOOK_AGAIN_MS);
  }

  protected judge({ unacknowledged, unread }: PeerBacklog): void {
    const hasEverything = this.end.unsent === 0 && unacknowledged === 0;
    const isRead = unread === 0 || this.droppedBytes > 0;
    const mayReset = this.end.resetsInOrder === true && this.end.unsent === 0;
    const waitMs = hasEverything && isRead ? READING_MS : this.limitMs;
    if (mayReset || this.isOverdue(waitMs)) this.#reset();
    else if (waitMs === READING_MS)
      this.after(READING_MS - this.withoutProgressMs, () => this.#reset()); // no look shows more
    else this.watch();
  }

  #reset(): void {
    this.end.reset();
    this.over();
  }
}
