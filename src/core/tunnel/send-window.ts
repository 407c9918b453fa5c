/** Large transfers are cut into pieces of this size at most, so that the others need not wait for long; bytes. */
const PIECE = 16_384;
/** So much may always be under way. */
const LEAST = PIECE;
/** So long bytes may wait on the way, beside what the way itself takes; half as long as that where it is more. */
const WAIT_MS = 50;
/** So much waits at most, however fast the way is: for a client that does not read, all of it is with the other side already. */
const MOST_WAITING = 1_048_576;
const MARKS = 4; // in each window: it moves on in steps, not all at once
const MOST_MARKS = 64; // without an answer: who gives none gets no more, and they fill no memory
const RELEARN = 3 * MARKS; // so many marks in a row that were late with the least under way: the way has become longer
const DECLINE = 1 / 32; // of the rate, for a mark that was slower, and the more the later it was: one late by chance changes little

/** A place in the stream that the other side is to confirm. */
interface Mark {
  readonly at: number;
  readonly sentAt: number;
  /** What was confirmed then, and when that had been. */
  readonly seen: number;
  readonly seenAt: number;
}

/**
 * How much of a link's stream may be under way. The kernel takes some megabytes from a sender; on a slow link all who share it
 * wait until those are through, for seconds. So marks are sent among the bytes, the other side answers each as it reads it, and
 * no more is under way than the link carries in the time that a byte needs, and a little wait: enough to keep it busy.
 *
 * Without answers, which only our own peers give, there is no limit.
 */
export class SendWindow {
  /** Bytes so far. */
  sent = 0;
  /** Whether the other side is known to answer marks. */
  answering = false;
  #seen = 0;
  #seenAt = 0;
  #size = LEAST;
  /** Bytes in a millisecond. */
  #rate = 0;
  /** What a mark has needed that waited for nobody. */
  #wayMs = Number.POSITIVE_INFINITY;
  /** What each of the last marks has needed that were late with the least under way. */
  #late: number[] = [];
  readonly #marks: Mark[] = [];
  #markedAt = 0;
  /** Marks up to here tell nothing of the way. */
  #disturbedAt = 0;

  /** Whether more may be sent. */
  get open(): boolean {
    return !this.answering || this.sent - this.#seen < this.#size;
  }

  /** The size of the next piece: smaller where even one would keep a slow link busy for long. */
  get piece(): number {
    return this.answering ? Math.min(PIECE, Math.floor(this.#size / MARKS)) : PIECE;
  }

  /** Whether so much has been sent that a mark is to follow. When no more may be sent, one is under way. */
  get wantsMark(): boolean {
    if (!this.answering || this.#marks.length >= MOST_MARKS) return false;
    return this.sent - this.#markedAt >= this.#size / MARKS;
  }

  /**
   * A mark has been sent.
   *
   * @param now milliseconds
   */
  mark(now: number): void {
    this.#marks.push({ at: this.sent, sentAt: now, seen: this.#seen, seenAt: this.#seenAt });
    this.#markedAt = this.sent;
  }

  /** Answers have not been read for a while: those to come were late for that reason. */
  disturb(): void {
    this.#disturbedAt = this.sent;
  }

  /** The other side has read up to the oldest mark. An answer that nobody asked for means nothing. */
  answered(now: number): void {
    const mark = this.#marks.shift();
    if (mark === undefined) return;
    this.answering = true;
    this.#seen = mark.at;
    this.#seenAt = now;
    if (mark.at <= this.#disturbedAt) return;
    const took = now - mark.sentAt;
    this.#wayMs = Math.min(this.#wayMs, took);
    const allowedMs = this.#allowedMs(took);
    const rate = (mark.at - mark.seen) / Math.max(now - mark.seenAt, 0.01);
    this.#rate += (rate - this.#rate) * (rate > this.#rate ? 1 : Math.min(1, (DECLINE * took) / allowedMs));
    const waiting = Math.min(MOST_WAITING, this.#rate * waitMs(this.#wayMs));
    const size = Math.max(LEAST, Math.round(this.#rate * this.#wayMs + waiting));
    if (size > this.#size || took > allowedMs) this.#size = size;
  }

  /** How long a mark may take, seen what the last one took. */
  #allowedMs(took: number): number {
    const isLate = this.#size === LEAST && took > this.#wayMs + waitMs(this.#wayMs);
    this.#late = isLate ? [...this.#late, took] : [];
    if (this.#late.length === RELEARN) this.#wayMs = Math.min(...this.#late.splice(0));
    return this.#wayMs + waitMs(this.#wayMs);
  }
}

function waitMs(wayMs: number): number {
  return Math.max(WAIT_MS, wayMs / 2);
}
