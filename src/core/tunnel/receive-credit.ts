/** Bytes that each side may send for a new client before it gets CREDIT; also the smallest window. Both sides of a link know this number. */
export const INITIAL_CREDIT = 262_144;
/** The largest window of one client: at least 120 MB/s over a way of 100 ms. */
const MAX_WINDOW = 16_777_216;
/** The peer gets credit again when it has used this part of the window: more often would cost frames, more rarely would keep it waiting. */
const GRANT_PART = 1 / 4;
/** Most bytes beyond {@link INITIAL_CREDIT}, over all clients of a link. With 256 clients, that bounds what waits for them at 96 MiB. */
export const MAX_GROWTH = 33_554_432;

/** Kept for clients that have read this much: two kernels take up to 10 MiB for a client that does not read at all (tcp_wmem, tcp_rmem). */
const KEPT_GROWTH = MAX_GROWTH / 2;
const PROVEN_BYTES = 16_777_216;

/** The windows of a link's clients grow from this common stock. Half of it is out of reach of clients that do not read. */
export class GrowthStock {
  #left = MAX_GROWTH;

  /**
   * Takes so many bytes, if they are there.
   *
   * @param read bytes that the client has read so far
   */
  take(bytes: number, read: number): boolean {
    if (bytes > this.#left - (read < PROVEN_BYTES ? KEPT_GROWTH : 0)) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/**
 * What the peer may send for one client: the window. A client that does not read uses its window up, and then costs the others nothing.
 *
 * The window doubles when the peer has used up all that it knew of, although the client reads at once: the way is longer, or faster, than
 * the window allows.
 */
export class ReceiveCredit {
  readonly #stock: GrowthStock;
  #window = INITIAL_CREDIT;
  /** Bytes received so far. */
  #received = 0;
  /** Bytes that the peer may have sent by now, from the first one on. */
  #granted = INITIAL_CREDIT;
  /** The same as the peer knows it, or may know it: the last CREDITs may still be under way. Those behind {@link #received}. */
  readonly #edges = [INITIAL_CREDIT];
  /** {@link #received} when the window last grew. */
  #grewAt = 0;

  constructor(stock: GrowthStock) {
    this.#stock = stock;
  }

  /** Bytes that wait for this client at most. */
  get window(): number {
    return this.#window;
  }

  /** So many bytes have come. */
  add(bytes: number): void {
    this.#received += bytes;
  }

  /**
   * The bytes that the peer gets now beyond what it has; 0 while it has used little of the window.
   *
   * @param pending bytes that the client has not read
   */
  grant(pending: number): number {
    if (pending === 0) this.#growIfUsedUp();
    const bytes = this.#received - pending + this.#window - this.#granted;
    if (bytes < this.#window * GRANT_PART) return 0;
    this.#granted += bytes;
    this.#edges.push(this.#granted);
    return bytes;
  }

  /** The client has gone: its window is there for others. */
  release(): void {
    this.#stock.giveBack(this.#window - INITIAL_CREDIT);
    this.#window = INITIAL_CREDIT;
  }

  #growIfUsedUp(): void {
    const received = this.#received;
    const edges = this.#edges;
    while ((edges[0] ?? received) < received) edges.shift(); // never more than a few
    if (edges[0] !== received || received === this.#grewAt || this.#window >= MAX_WINDOW) return;
    if (!this.#stock.take(this.#window, received)) return;
    this.#grewAt = received;
    this.#window *= 2;
  }
}
