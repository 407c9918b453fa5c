/** Large transfers are cut into pieces of this size at most, so that other clients do not wait for long; bytes. */
const SMALL_PIECE = 16_384;
/** On a fast link pieces are longer, since each costs two system calls. With their headers, four of them fill a read buffer. */
const LARGE_PIECE = 65_532;
const LARGE_PIECE_MS = 1; // a longer piece takes no more time than that
/** This much may always be under way; bytes. */
const MIN_WINDOW = SMALL_PIECE;
/** Bytes may queue on the way for this long, beside the time of the way itself; half of that time where that is longer. */
const QUEUEING_MS = 50;
/** Most bytes that queue on a fast way; on a short one, which answers at once, half of that: a byte beside a download waits for them. */
const MAX_QUEUED = 1_048_576;
const PINGS_PER_WINDOW = 4; // so the window moves on in steps, not all at once
const MAX_OUTSTANDING_PINGS = 64; // a peer that answers none gets no more, so the list stays short
const LATE_PINGS_TO_RELEARN = 3 * PINGS_PER_WINDOW; // late in a row with the smallest window: the way has become longer
const DECLINE = 1 / 32; // of the rate, for each slower ping, and more the later it was: one late ping by chance changes little

/** A PING that waits for its PONG. */
interface Ping {
  /** Bytes sent before it. */
  readonly at: number;
  readonly sentAt: number;
  /** Bytes that were confirmed when it was sent, and when they had been confirmed. */
  readonly confirmed: number;
  readonly confirmedAt: number;
}

/**
 * How many bytes of a link may be under way.
 *
 * The kernel takes some megabytes from a sender; on a slow link all clients then wait for seconds until those are through. So
 * this side sends PINGs among the bytes, and the other side answers each with a PONG as it reads it. The window is what the link
 * carries in the time of the way, plus {@link QUEUEING_MS}: enough to keep the link busy.
 *
 * Only our own peers answer. A link to any other peer has no limit.
 */
export class SendWindow {
  /** Bytes sent so far. */
  sent = 0;
  /** Whether the peer is known to answer pings. */
  peerAnswersPings = false;
  #confirmed = 0;
  #confirmedAt = 0;
  #size = MIN_WINDOW;
  #bytesPerMs = 0;
  /** Round trip of the fastest ping: the way without a queue. */
  #fastestMs = Number.POSITIVE_INFINITY;
  /** Round trips of the last pings, as long as each was late with the smallest window. */
  #lateMs: number[] = [];
  readonly #pings: Ping[] = [];
  #sentAtLastPing = 0;
  /** Pings up to this byte tell nothing of the way. */
  #ignoredUpTo = 0;

  /** Whether more may be sent. */
  get open(): boolean {
    return !this.peerAnswersPings || this.sent - this.#confirmed < this.#size;
  }

  /** Bytes of the next piece: fewer where a whole piece would keep a slow link busy for long. */
  get piece(): number {
    if (!this.peerAnswersPings) return SMALL_PIECE;
    const small = Math.min(SMALL_PIECE, Math.floor(this.#size / PINGS_PER_WINDOW));
    return Math.max(small, Math.min(LARGE_PIECE, Math.floor(this.#bytesPerMs * LARGE_PIECE_MS)));
  }

  /** Whether a PING is due. A window that is not {@link open} always has a PING under way, so its PONG opens it again. */
  get pingDue(): boolean {
    if (!this.peerAnswersPings || this.#pings.length >= MAX_OUTSTANDING_PINGS) return false;
    return this.sent - this.#sentAtLastPing >= this.#size / PINGS_PER_WINDOW;
  }

  /**
   * This side has sent a PING.
   *
   * @param now milliseconds
   */
  pingSent(now: number): void {
    this.#pings.push({ at: this.sent, sentAt: now, confirmed: this.#confirmed, confirmedAt: this.#confirmedAt });
    this.#sentAtLastPing = this.sent;
  }

  /** This side has not read for a while: PONGs that are still to come are late for that reason, and measure nothing. */
  ignoreOutstandingPings(): void {
    this.#ignoredUpTo = this.sent;
  }

  /**
   * The peer has answered the oldest PING. A PONG without a PING means nothing.
   *
   * @param now milliseconds
   */
  pongReceived(now: number): void {
    const ping = this.#pings.shift();
    if (ping === undefined) return;
    this.peerAnswersPings = true;
    this.#confirmed = ping.at;
    this.#confirmedAt = now;
    if (ping.at > this.#ignoredUpTo) this.#measure(ping, now);
  }

  #measure(ping: Ping, now: number): void {
    const tookMs = now - ping.sentAt;
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
    const allowedMs = this.#allowedMs(tookMs);
    const rate = (ping.at - ping.confirmed) / Math.max(now - ping.confirmedAt, 0.01);
    const weight = rate > this.#bytesPerMs ? 1 : Math.min(1, (DECLINE * tookMs) / allowedMs);
    this.#bytesPerMs += (rate - this.#bytesPerMs) * weight;
    const underWay = this.#bytesPerMs * this.#fastestMs;
    const mostQueued = Math.min(MAX_QUEUED, Math.max(MAX_QUEUED / 2, underWay));
    const queued = Math.min(mostQueued, this.#bytesPerMs * queueingMs(this.#fastestMs));
    const size = Math.max(MIN_WINDOW, Math.round(underWay + queued));
    if (size > this.#size || tookMs > allowedMs) this.#size = size;
  }

  /** How long a ping may take. Learns a longer way from the last one, which took `tookMs`. */
  #allowedMs(tookMs: number): number {
    const isLate = this.#size === MIN_WINDOW && tookMs > this.#fastestMs + queueingMs(this.#fastestMs);
    this.#lateMs = isLate ? [...this.#lateMs, tookMs] : [];
    if (this.#lateMs.length === LATE_PINGS_TO_RELEARN) this.#fastestMs = Math.min(...this.#lateMs.splice(0));
    return this.#fastestMs + queueingMs(this.#fastestMs);
  }
}

function queueingMs(wayMs: number): number {
  return Math.max(QUEUEING_MS, wayMs / 2);
}
