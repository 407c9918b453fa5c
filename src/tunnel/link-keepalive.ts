import type { Clock, Timer } from "../system/clock.js";

/** A peer answers a question within this time, or within the probe interval where that is shorter. */
const ANSWER_MS = 6000;
/** Questions that a peer may leave unanswered. With the usual 30 s of silence before the first one, it is lost after 42 s. */
const MAX_UNANSWERED = 2;
/** Shorter silences are no reason to ask. */
const MIN_PROBE_MS = 1000;
/** The kernel repeats a segment after 0.2 s, 0.6 s, 1.4 s, 3 s: so often it has in {@link ANSWER_MS}, unless the way is slow. */
const REPEATED = 3;

/** What the keepalive needs of its link. */
export interface KeepaliveLink {
  /** Whether this side does not read the link for now, so that it cannot hear the peer. */
  isPaused(): boolean;
  /** Whether a living peer answers a PING. */
  answersPings(): boolean;
  sendPing(): void;
  /** Sends a command that means nothing to the peer: its kernel acknowledges the bytes, or ours finds that the peer has gone. */
  sendNoOp(): void;
  /** How often the kernel has repeated in vain what it sent last; undefined: everything is acknowledged, or the system does not tell. */
  unanswered?(): Promise<number | undefined>;
  /** The peer does not answer. */
  lost(reason: string): void;
}

/**
 * Asks a silent peer for a sign of life. A PING also finds a program that hangs. A peer of another make knows no PING and gets a command
 * without meaning: then only the kernels notice that the way is broken.
 *
 * The kernel's own keepalive does not run while bytes are under way, and then repeats them for a quarter of an hour.
 */
export class LinkKeepalive {
  #probeMs: number;
  #answerMs: number;
  readonly #clock: Clock;
  readonly #link: KeepaliveLink;
  #timer: Timer | undefined;
  #stopped = false;
  #heardAt: number;
  /** Questions since {@link #heardAt}. Silence alone proves nothing: a process that stood still has asked nothing. */
  #unanswered = 0;

  /** @param probeMs silence after which the peer is asked; 0: never */
  constructor(probeMs: number, clock: Clock, link: KeepaliveLink) {
    this.#probeMs = probeMs;
    this.#answerMs = Math.min(probeMs, ANSWER_MS);
    this.#clock = clock;
    this.#link = link;
    this.#heardAt = clock.now();
  }

  start(): void {
    if (this.#probeMs > 0) this.#lookAfter(this.#probeMs);
  }

  /** From now on, a peer that answers pings is lost after this silence at the latest, in milliseconds; 3 s are the least. */
  findWithin(ms: number): void {
    const probeMs = Math.max(MIN_PROBE_MS, Math.floor(ms / (1 + MAX_UNANSWERED)));
    if (this.#probeMs <= probeMs) return;
    this.#probeMs = probeMs;
    this.#answerMs = Math.min(probeMs, ANSWER_MS);
    this.#timer?.cancel();
    this.#lookAfter(probeMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** The peer has sent something, or may have: this side has not read. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#unanswered = 0;
  }

  #lookAfter(ms: number): void {
    if (!this.#stopped) this.#timer = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    const restMs = this.#heardAt + this.#probeMs - this.#clock.now();
    if (restMs > 0) this.#lookAfter(restMs);
    else if (this.#link.isPaused()) this.#lookAfter(this.#answerMs);
    else if (this.#link.answersPings()) this.#question(() => this.#link.sendPing());
    else if (this.#unanswered === 0) this.#question(() => this.#link.sendNoOp());
    else this.#askKernel();
  }

  #question(ask: () => void): void {
    if (this.#unanswered >= MAX_UNANSWERED) {
      this.#link.lost(`silent for ${Math.round((this.#clock.now() - this.#heardAt) / 1000)} s`);
      this.#lookAfter(this.#answerMs); // unless that was the end: the link may go on over another connection
      return;
    }
    this.#unanswered += 1;
    this.#lookAfter(this.#answerMs);
    ask();
  }

  /** A peer of another make answers by the acknowledgement of its kernel. */
  #askKernel(): void {
    const heardAt = this.#heardAt;
    const asked = this.#link.unanswered?.() ?? Promise.resolve(undefined);
    asked
      .catch(() => undefined)
      .then((repeated) => {
        if (this.#stopped) return;
        if (repeated === undefined || heardAt !== this.#heardAt) {
          if (heardAt === this.#heardAt) this.heard();
          this.#lookAfter(this.#probeMs);
        } else if (repeated < REPEATED) this.#lookAfter(this.#answerMs);
        else this.#question(() => {});
      });
  }
}
