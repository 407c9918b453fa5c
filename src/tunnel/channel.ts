import { NO_BACKLOG, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import { type GrowthStock, INITIAL_CREDIT, ReceiveCredit } from "../core/tunnel/receive-credit.js";
import { guarded } from "../sockets/end.js";
import { QueuedEnd } from "../sockets/queued-end.js";

/** A view of at least so many bytes is passed on at once. Shorter pieces wait for the end of the time slice, and then pass together. */
const LARGE = 4096;
/** A reader that has not taken a view at once gets copies of so many bytes: each view would cost the link a new read buffer. */
const COPIED_AFTER_STALL = 1_048_576;
/** More credit means nothing, and would not be exact. */
const MAX_CREDIT = 2 ** 48;
/** A side that says that bytes wait says so again within this time: it looks after 10 s at the latest (relay-timeouts.ts). */
const WAITING_MS = 15_000;
const CLOSED_THERE = "closed on the other side of the link";
const RESET_THERE = "reset on the other side of the link";

/** How the other side of a link ends a client. */
export type PeerEnd = "fin" | "close" | "reset";

/** What a channel asks of its link. */
export interface ChannelOwner {
  /** Whether the other side knows FIN: then CLOSE behind it says only that the number is free. */
  readonly passesFin: boolean;
  /** Whether the link waits for another connection, so that nothing passes. */
  readonly isCut: boolean;
  /** The channel has something to send: {@link Channel.takePiece} follows when it is the channel's turn. */
  wantsToSend(channel: Channel): void;
  /** Milliseconds of a clock. */
  now(): number;
  /** {@link Channel.pending} has changed. */
  pendingChanged(channel: Channel): void;
  /** A reader has got a view of the link's read buffer and has not finished with it: the next read needs other memory. */
  lent(): void;
  /** Bytes that came for this client wait for its service. */
  waiting(channel: Channel): void;
  /** This side sends nothing more for the channel: everything is on its way. */
  ended(channel: Channel): void;
  /** This side has closed the channel. */
  closed(channel: Channel, how: "close" | "reset"): void;
}

/** One client of a link. A relay joins it with a socket on this side of the link. */
export class Channel extends QueuedEnd {
  /** The number of the client on the link. */
  readonly id: number;
  readonly resetsInOrder = true;
  /** The peer accepts nothing for this client at the moment. */
  sendingPaused = false;
  /** What the peer may send for this client. */
  readonly credit: ReceiveCredit;
  readonly #owner: ChannelOwner;
  /** Bytes that the peer accepts. Counted from the start; a peer whose HELLO comes late may find it negative. */
  #sendCredit = INITIAL_CREDIT;
  /** Bytes to send, in memory that belongs to the writer until they are sent. */
  #out: Buffer | undefined;
  /** Bytes that the reader gets as copies before it gets a view again. */
  #toCopy = 0;
  #toldPending = 0;
  /** How often the other side has said that bytes wait for the client's service, and when last. */
  #waiting = { count: 0, at: Number.NEGATIVE_INFINITY };
  #fin: "open" | "waiting" | "sent" = "open";
  #isClosedThere = false;

  constructor(
    id: number,
    peer: { readonly host: string; readonly port: number },
    owner: ChannelOwner,
    stock: GrowthStock,
  ) {
    super(peer);
    this.id = id;
    this.#owner = owner;
    this.credit = new ReceiveCredit(stock);
  }

  /** Whether the other side has closed the channel. */
  get isClosedThere(): boolean {
    return this.#isClosedThere;
  }

  /** Where the link waits for another connection, the silence of the other side proves nothing. */
  get awaitsTurn(): boolean {
    return this.#owner.isCut;
  }

  /** Whether the other side learns of {@link end}, and its service may go on sending. */
  get passesFin(): boolean {
    return this.#owner.passesFin;
  }

  get unsent(): number {
    return this.#out?.length ?? 0;
  }

  /** Bytes that the peer accepts, where it gives credit. */
  get sendCredit(): number {
    return this.#sendCredit;
  }

  addSendCredit(bytes: number): void {
    this.#sendCredit = Math.min(MAX_CREDIT, this.#sendCredit + bytes);
  }

  /** Bytes wait on the other side, as far as that one says so. It changes whenever the service has taken some. */
  get peerBacklog(): PeerBacklog {
    const { count, at } = this.#waiting;
    return this.#owner.now() - at < WAITING_MS ? { unacknowledged: count, unread: 0 } : NO_BACKLOG;
  }

  /** The other side says that bytes wait for the client's service. */
  waitsThere(): void {
    this.#waiting = { count: this.#waiting.count + 1, at: this.#owner.now() };
  }

  /** Tells the other side that bytes wait here for the client, or its service: it is not silent without a reason. */
  tellWaiting(): void {
    if (!this.gone && !this.#isClosedThere) this.#owner.waiting(this);
  }

  write(chunk: Buffer | string): void {
    if (this.gone || this.#isClosedThere) return;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    this.#out = this.#out === undefined ? bytes : Buffer.concat([this.#out, bytes]);
    this.#owner.wantsToSend(this);
  }

  /** Takes the next bytes to send, `most` at most; nothing when there are none. */
  takePiece(most: number): Buffer | undefined {
    const out = this.#out;
    if (out === undefined) return undefined;
    const piece = out.subarray(0, most);
    this.#sendCredit -= piece.length;
    this.#out = out.length > most ? out.subarray(most) : undefined;
    return piece;
  }

  /** The kernel has the piece that was taken last. */
  sent(): void {
    guarded(this, () => this.events.drained());
    this.#tellEnded();
  }

  end(): void {
    if (this.#fin !== "open") return;
    this.#fin = "waiting";
    setImmediate(() => this.#tellEnded());
  }

  override destroy(): void {
    this.#closeHere("close");
  }

  override reset(): void {
    this.#closeHere("reset");
  }

  /**
   * Bytes have come.
   *
   * @param mayLend whether their memory can be left to the reader ({@link ChannelOwner.lent}); otherwise they are copied
   */
  receive(bytes: Buffer, mayLend: boolean): void {
    this.credit.add(bytes.length);
    if (mayLend && bytes.length >= LARGE && this.#toCopy === 0 && this.#passOn(bytes)) return;
    this.#toCopy = Math.max(0, this.#toCopy - bytes.length);
    this.deliver(bytes);
  }

  /** The other side has ended the channel, behind the bytes that have come. */
  endedThere(how: PeerEnd): void {
    if (how === "fin") {
      this.endBehindQueue();
      return;
    }
    const isOver = this.isEnding && this.#fin !== "open"; // both sides have sent FIN: CLOSE only gives the number back
    this.#isClosedThere = true;
    this.#out = undefined;
    if (how === "reset") this.endBehindQueue(RESET_THERE, true);
    else if (!this.passesFin) this.endBehindQueue();
    else if (!isOver) this.endBehindQueue(CLOSED_THERE);
    this.sent();
  }

  override flush(): void {
    super.flush();
    this.#tellPending();
  }

  protected released(): void {
    this.#out = undefined;
    this.#tellPending();
  }

  #closeHere(how: "close" | "reset"): void {
    if (!this.gone && !this.#isClosedThere) this.#owner.closed(this, how);
    super.destroy();
  }

  /** Passes a view on, behind what waits; false when the reader takes nothing now. */
  #passOn(view: Buffer): boolean {
    if (this.pending > 0) this.flush();
    if (!this.handOn(view)) return false;
    if (this.isPaused || this.gone) {
      this.#toCopy = COPIED_AFTER_STALL;
      this.#owner.lent();
    }
    return true;
  }

  #tellEnded(): void {
    if (this.#fin !== "waiting" || this.#out !== undefined || this.gone) return;
    this.#fin = "sent";
    this.#owner.ended(this);
    guarded(this, () => this.events.finished());
  }

  #tellPending(): void {
    if (this.pending === this.#toldPending) return;
    this.#toldPending = this.pending;
    this.#owner.pendingChanged(this);
  }
}
