import type { Clock, Timer } from "../system/clock.js";

/** A peer that answers pings is lost when it has left this many unanswered, one probe interval each. */
const MAX_UNANSWERED_PINGS = 2;

/** What the keepalive needs of its link. */
export interface KeepaliveLink {
  /** Whether this side does not read the link for now, so that it cannot hear the peer. */
  isPaused(): boolean;
  /** Whether a living peer answers a PING. */
  answersPings(): boolean;
  sendPing(): void;
  /** Sends a command that means nothing to the peer: its kernel acknowledges the bytes, or ours finds that the peer has gone. */
  sendNoOp(): void;
  /** The peer does not answer. */
  lost(reason: string): void;
}

/**
 * Asks a silent peer for a sign of life. A PING also finds a program that hangs. A peer of another make knows no PING and gets
 * a command without meaning: then only the kernels notice that the way is broken.
 */
export class LinkKeepalive {
  readonly #probeMs: number;
  readonly #clock: Clock;
  readonly #link: KeepaliveLink;
  #timer: Timer | undefined;
  #heardAt: number;
  /** PINGs sent since {@link #heardAt}. Silence alone proves nothing: a process that stood still has sent no PING. */
  #unanswered = 0;

  /** @param probeMs silence after which the peer is asked; 0: never */
  constructor(probeMs: number, clock: Clock, link: KeepaliveLink) {
    this.#probeMs = probeMs;
    this.#clock = clock;
    this.#link = link;
    this.#heardAt = clock.now();
  }

  start(): void {
    if (this.#probeMs > 0) this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** The peer has sent something, or may have: this side has not read. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#unanswered = 0;
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#probeMs, () => {
      this.#schedule();
      this.#probe(this.#clock.now() - this.#heardAt);
    });
  }

  #probe(silenceMs: number): void {
    if (silenceMs < this.#probeMs || this.#link.isPaused()) return;
    if (!this.#link.answersPings()) this.#link.sendNoOp();
    else if (this.#unanswered < MAX_UNANSWERED_PINGS) {
      this.#unanswered += 1;
      this.#link.sendPing();
    } else this.#link.lost(`silent for ${Math.round(silenceMs / 1000)} s`);
  }
}
