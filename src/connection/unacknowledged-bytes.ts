import { deliveredBytes, type LostClient } from "../core/park/delivered-bytes.js";
import { SentBytes } from "../core/park/sent-bytes.js";
import { WriteBudget } from "../core/park/write-budget.js";
import { pause } from "../scheduling/waits.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";
import { RecentWrite } from "./recent-write.js";

/** A socket that the kernel's table has never had will never be in it: it stands there by another address than the client has told. */
const ENOUGH_LOOKS = 2;

/** From one look to the next at a client that has gone. */
const LEAVING_LOOK_MS = 20;
/** A client that has sent FIN and still reads has so long to take something of what our kernel has for it, and so long altogether: it may be back. */
const [LEAVING_MS, MOST_LEAVING_MS] = [1000, 3000];

/** How a client went. */
export interface Loss {
  readonly how: LostClient["how"];
  readonly error: Error | undefined;
}

/** How a client went whose socket was closed with this error. */
export function howOf(error: NodeJS.ErrnoException | undefined): Loss["how"] {
  if (error === undefined || error.code === "EPIPE") return "fin"; // a write behind a FIN
  return error.code === "ETIMEDOUT" ? "silence" : "reset";
}

/**
 * The bytes for a client that its kernel has not acknowledged: those that our kernel was given, of which a copy is kept, and those that wait
 * here. Our kernel gets no more than the client's kernel takes, as far as that is known.
 */
export class UnacknowledgedBytes {
  readonly #stream: StreamEnd;
  readonly #sockets: Pick<SocketTable, "pair">;
  /** Our side and the client's in the kernel's table: a socket that is closed does not know them. */
  readonly #keys: readonly [string, string];
  readonly #isLocal: boolean;
  /** Those that our kernel was given. */
  readonly #sent = new SentBytes();
  readonly #waiting = new SentBytes();
  readonly #budget = new WriteBudget();
  /** Number of bytes that our kernel was given since the beginning. */
  #taken = 0;
  /** Our kernel has not taken everything that it was given. */
  #isStuck = false;
  /** The last look has shown that the client's kernel has no room. */
  #isWindowClosed = false;
  readonly #recent = new RecentWrite();
  /** Bytes of the last write, where it may have come behind the client's FIN. */
  #lastWrite = 0;
  /** How often the table did not have our socket, before it had it once. */
  #looksInVain = 0;

  constructor(stream: StreamEnd, sockets: Pick<SocketTable, "pair">) {
    this.#stream = stream;
    this.#sockets = sockets;
    this.#keys = [stream.ownKey, stream.peerKey];
    this.#isLocal = stream.isPeerHere;
  }

  /** Number of bytes. */
  get size(): number {
    return this.#sent.size + this.#waiting.size;
  }

  /** Number of those that our kernel is not given before the next look. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a look is due soon. */
  get isLookDue(): boolean {
    return this.#waiting.size > 0 || this.#budget.isLow;
  }

  /** Whether our kernel may be given no more, or little. */
  get isRoomLow(): boolean {
    return this.#budget.isLow;
  }

  /** Offset of the first of them in the stream to the client. */
  get from(): number {
    return this.#sent.from;
  }

  /** Whether our kernel was given some of them. */
  get isUnderWay(): boolean {
    return this.#sent.size > 0;
  }

  /** All of them, which stay. */
  get all(): Buffer {
    return Buffer.concat([this.#sent.all, this.#waiting.all]);
  }

  /** Another process has written these bytes to the client. To be called before any write. */
  restore(bytes: Buffer): void {
    this.#sent.push(bytes);
    this.#taken = bytes.length;
    this.#budget.written(bytes.length);
  }

  /** Keeps a copy of bytes that the client does not get. */
  keep(bytes: Buffer): void {
    this.#waiting.push(bytes);
  }

  /** Writes bytes to the client, as far as that may be, and keeps a copy. */
  write(bytes: Buffer): void {
    const now = this.#waiting.size > 0 ? 0 : Math.min(bytes.length, this.#budget.left);
    if (now > 0) this.#give(bytes.subarray(0, now));
    if (now < bytes.length) this.#waiting.push(bytes.subarray(now));
  }

  /** Our kernel has taken everything that it was given. */
  drained(): void {
    this.#isStuck = false;
  }

  /**
   * Asks the kernel what the client's kernel has not acknowledged.
   *
   * @param isFinSent whether FIN was sent behind everything: the kernel counts it as a byte
   * @returns whether our socket is in the kernel's table
   */
  async look(isFinSent: boolean): Promise<boolean> {
    const before = this.#given;
    const [own, peer] = this.#keys;
    const [answer, theirs] = await this.#sockets.pair(own, peer, this.isLookDue);
    const isUnknown = !answer.known || this.#stream.peerPort === 0;
    const row = answer.known ? answer.row : undefined;
    if (row === undefined || isUnknown) {
      this.#looksInVain += 1;
      if (!isUnknown && this.#looksInVain < ENOUGH_LOOKS) return false; // the client has reset the connection
      this.#sent.dropUpTo(before); // nobody can tell: what our kernel has taken counts as delivered
      this.#budget.unlimited();
      return false;
    }
    this.#looksInVain = Number.NEGATIVE_INFINITY;
    const unacknowledged = row.unacknowledged - (isFinSent && row.unacknowledged > 0 ? 1 : 0);
    const writtenSince = this.#given - before;
    this.#isWindowClosed = row.isWindowClosed && writtenSince === 0;
    this.#sent.dropUpTo(before - unacknowledged);
    this.#budget.looked(unacknowledged + (theirs.known ? (theirs.row?.unread ?? 0) : 0), writtenSince);
    return true;
  }

  /** Gives our kernel what waits, as far as that may be now. */
  goOn(): void {
    while (this.#waiting.size > 0 && this.#budget.left > 0 && this.#stream.unsent === 0) {
      this.#give(this.#waiting.take(this.#budget.left));
    }
  }

  /** The client goes: its FIN, or its reset, has been told in this pass of the event loop. */
  lost({ error }: Loss): void {
    this.#lastWrite = error === undefined ? this.#recent.bytes : this.#recent.last;
  }

  /**
   * Finds out what a client has got that goes. A client that has only closed its sending side still gets what our kernel has for it.
   *
   * @param isFinSent see {@link look}
   */
  async findOut(loss: Loss, isFinSent: () => boolean, clock: Clock): Promise<void> {
    const began = clock.now();
    let [before, since] = [-1, began];
    while (loss.how === "fin" && (await this.look(isFinSent()))) {
      const now = clock.now();
      if (!this.isUnderWay) return;
      if (this.from !== before) [before, since] = [this.from, now];
      if (now - since >= LEAVING_MS || now - began >= MOST_LEAVING_MS) return;
      await pause(LEAVING_LOOK_MS, clock);
    }
    this.#judge(loss);
  }

  /** Our socket has left the kernel's table: judges by what is known which bytes the client's kernel had. */
  #judge({ how }: Loss): void {
    const delivered = deliveredBytes({
      how,
      isLocal: this.#isLocal,
      taken: this.#taken,
      isStuck: this.#isStuck,
      acknowledged: this.#sent.from,
      isWindowClosed: this.#isWindowClosed,
      lastWrite: this.#lastWrite,
    });
    this.#sent.dropUpTo(delivered);
  }

  /** Removes and returns all of them. */
  takeAll(): Buffer {
    return Buffer.concat([this.#sent.takeAll(), this.#waiting.takeAll()]);
  }

  /** Bytes that our kernel has really taken. */
  get #given(): number {
    return this.#taken - this.#stream.untaken;
  }

  #give(bytes: Buffer): void {
    const stream = this.#stream;
    this.#sent.push(bytes);
    this.#budget.written(bytes.length);
    const wasBroken = stream.isBroken;
    stream.write(bytes);
    if (wasBroken || stream.isBroken) return;
    this.#taken += bytes.length;
    this.#isStuck = stream.unsent > 0;
    this.#recent.written(bytes.length);
  }
}
