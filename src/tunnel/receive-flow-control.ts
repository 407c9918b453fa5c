import type { Clock, Timer } from "../system/clock.js";

/** Bytes that may wait for one client that does not read. With more, the peer is told to pause it, or the whole link is paused. */
export const MAX_PENDING = 262_144;
/** A paused client is resumed at this many bytes: with a gap between the two limits, the link carries fewer PAUSEs and RESUMEs. */
const RESUME_PENDING = MAX_PENDING / 2;
/**
 * Bytes beyond {@link MAX_PENDING}, over all clients of a link, that a peer which knows PAUSE may send before it reads the PAUSE. One that
 * keeps to its credit never gets there.
 */
const MAX_EXCESS = 67_108_864;

/** A client for whom bytes may wait. */
export interface PendingReader {
  /** Bytes that wait for it. */
  readonly pending: number;
}

/** What the flow control asks of its link. */
export interface ReceiveFlowControlEvents<R extends PendingReader> {
  /** Tell the peer to send nothing more for this client. */
  pause(reader: R): void;
  /** Tell the peer that it may send for this client again. */
  resume(reader: R): void;
  /** Read nothing more from the link. */
  pauseLink(): void;
  /** Read from the link again. */
  resumeLink(): void;
  /** The link has been paused for this client for too long. */
  stalled(reader: R): void;
}

/**
 * Limits what waits for clients of a link that do not read.
 *
 * A peer that waits for credit needs nothing else. A peer that knows PAUSE is told to pause such a client, and the others go on. Any other
 * peer cannot be told: the link is paused, and all its clients wait. A client that keeps the link paused for `stallMs` is given up.
 */
export class ReceiveFlowControl<R extends PendingReader> {
  readonly #stallMs: number;
  readonly #clock: Clock;
  readonly #events: ReceiveFlowControlEvents<R>;
  /** Clients with more than {@link MAX_PENDING}; each with its stall timer while the link is paused. */
  readonly #overLimit = new Map<R, Timer | undefined>();
  readonly #paused = new Set<R>();
  #peerKnowsPause = false;
  /** The peer sends no more than it has credit for: it need not be paused. */
  #usesCredit = false;
  #linkPaused = false;
  #closed = false;

  /** @param stallMs for how long one client may keep the link paused */
  constructor(stallMs: number, clock: Clock, events: ReceiveFlowControlEvents<R>) {
    this.#stallMs = stallMs;
    this.#clock = clock;
    this.#events = events;
  }

  /** Whether nothing is to be read from the link. */
  get linkPaused(): boolean {
    return this.#linkPaused;
  }

  /** The peer knows PAUSE and RESUME. */
  enablePausing(): void {
    this.#peerKnowsPause = true;
  }

  /** The peer sends no more than it has credit for. */
  enableCredit(): void {
    this.#peerKnowsPause = true;
    this.#usesCredit = true;
  }

  /** `pending` of this client has changed; a client that has gone has 0. */
  changed(reader: R): void {
    if (this.#closed) return;
    const { pending } = reader;
    if (pending <= MAX_PENDING) this.#remove(reader);
    else if (!this.#overLimit.has(reader)) this.#overLimit.set(reader, undefined);
    const canPause = this.#peerKnowsPause && !this.#usesCredit && !this.#paused.has(reader);
    if (pending > MAX_PENDING && canPause) {
      this.#paused.add(reader);
      this.#events.pause(reader);
    } else if (pending <= RESUME_PENDING && this.#paused.delete(reader)) this.#events.resume(reader);
    this.#regulate();
  }

  /** The link has closed: no timer is left. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#overLimit.values()) timer?.cancel();
  }

  #remove(reader: R): void {
    this.#overLimit.get(reader)?.cancel();
    this.#overLimit.delete(reader);
  }

  #regulate(): void {
    if (this.#closed) return; // by what one of the events has done
    const pause = this.#overLimit.size > 0 && (!this.#peerKnowsPause || this.#excess() > MAX_EXCESS);
    for (const [reader, timer] of this.#overLimit) {
      if (pause === (timer !== undefined)) continue;
      timer?.cancel();
      this.#overLimit.set(reader, pause ? this.#stallTimer(reader) : undefined);
    }
    if (pause === this.#linkPaused) return;
    this.#linkPaused = pause;
    if (pause) this.#events.pauseLink();
    else this.#events.resumeLink();
  }

  #stallTimer(reader: R): Timer {
    return this.#clock.after(this.#stallMs, () => this.#events.stalled(reader));
  }

  /** Bytes beyond what each client may have, over all clients: many paused clients together could need too much memory. */
  #excess(): number {
    let excess = 0;
    for (const { pending } of this.#overLimit.keys()) excess += pending - MAX_PENDING;
    return excess;
  }
}
