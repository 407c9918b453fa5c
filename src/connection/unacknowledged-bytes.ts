import { deliveredBytes, type LostClient } from "../core/park/delivered-bytes.js";
import { SentBytes } from "../core/park/sent-bytes.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { SocketTable } from "../system/socket-table.js";
import { RecentWrite } from "./recent-write.js";

/** A socket that the kernel's table has never had will never be in it: it stands there by another address than the client has told. */
const ENOUGH_LOOKS = 2;

/** How a client went. */
export interface Loss {
  readonly how: LostClient["how"];
  readonly error: Error | undefined;
}

/**
 * The bytes for a client that its kernel has not acknowledged: those that our kernel was given, and those that wait here. It keeps a copy of
 * both.
 */
export class UnacknowledgedBytes {
  /** The last look has shown that the client's kernel has no room. */
  isWindowClosed = false;
  readonly #stream: StreamEnd;
  readonly #sockets: Pick<SocketTable, "find">;
  /** Our side and the client's in the kernel's table: a socket that is closed does not know them. */
  readonly #keys: readonly [string, string];
  readonly #isLocal: boolean;
  readonly #sent = new SentBytes();
  /** Bytes that our kernel was given. */
  #taken = 0;
  /** Our kernel has not taken everything that it was given. */
  #isStuck = false;
  readonly #recent = new RecentWrite();
  /** How often the table did not have our socket, before it had it once. */
  #looksInVain = 0;

  constructor(stream: StreamEnd, sockets: Pick<SocketTable, "find">) {
    this.#stream = stream;
    this.#sockets = sockets;
    this.#keys = [stream.ownKey, stream.peerKey];
    this.#isLocal = stream.isPeerHere;
  }

  /** Number of bytes. */
  get size(): number {
    return this.#sent.size;
  }

  /** Offset of the first of them in the stream to the client. */
  get from(): number {
    return this.#sent.from;
  }

  /** Whether our kernel was given some of them. */
  get isUnderWay(): boolean {
    return this.#sent.from < this.#taken;
  }

  /** Keeps a copy of bytes that the client does not get. */
  keep(bytes: Buffer): void {
    this.#sent.push(bytes);
  }

  /** Writes bytes to the client, and keeps a copy. */
  write(bytes: Buffer): void {
    const stream = this.#stream;
    this.#sent.push(bytes);
    const wasBroken = stream.isBroken;
    stream.write(bytes);
    if (wasBroken || stream.isBroken) return;
    this.#taken += bytes.length;
    this.#isStuck = stream.unsent > 0;
    this.#recent.written(bytes.length);
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
    const answer = await this.#sockets.find(...this.#keys);
    if (!answer.known || this.#stream.peerPort === 0) {
      this.#sent.dropUpTo(before); // nobody can tell: what our kernel has taken counts as delivered
      return false;
    }
    if (answer.row === undefined) {
      this.#looksInVain += 1;
      if (this.#looksInVain >= ENOUGH_LOOKS) this.#sent.dropUpTo(before); // as above
      return false; // otherwise the client has reset the connection
    }
    this.#looksInVain = Number.NEGATIVE_INFINITY;
    const { unacknowledged, isWindowClosed } = answer.row;
    const fin = isFinSent && unacknowledged > 0 ? 1 : 0;
    this.isWindowClosed = isWindowClosed && this.#given === before;
    this.#sent.dropUpTo(before - (unacknowledged - fin));
    return true;
  }

  /** Our socket has left the kernel's table: judges by what is known which bytes the client's kernel had. */
  judge({ how, error }: Loss): void {
    const delivered = deliveredBytes({
      how,
      isLocal: this.#isLocal,
      taken: this.#taken,
      isStuck: this.#isStuck,
      acknowledged: this.#sent.from,
      isWindowClosed: this.isWindowClosed,
      lastWrite: error === undefined ? this.#recent.bytes : this.#recent.last,
    });
    this.#sent.dropUpTo(delivered);
  }

  /** Removes and returns all of them. */
  takeAll(): Buffer {
    return this.#sent.takeAll();
  }

  /** Bytes that our kernel has really taken. */
  get #given(): number {
    return this.#taken - this.#stream.untaken;
  }
}
