import { guarded } from "../sockets/end.js";
import { QueuedEnd } from "../sockets/queued-end.js";

/** What a channel asks of its link. */
export interface ChannelOwner {
  /** The channel has something to send: {@link Channel.takePiece} follows when it is the channel's turn. */
  wantsToSend(channel: Channel): void;
  /** {@link Channel.pending} has changed. */
  pendingChanged(channel: Channel): void;
  /** The channel sends nothing more. A link has no half-close, so the other side cannot be told. */
  ended(channel: Channel): void;
  /** This side has closed the channel. */
  closed(channel: Channel): void;
}

/** One client of a link. A relay joins it with a socket on this side of the link. */
export class Channel extends QueuedEnd {
  /** The number of the client on the link. */
  readonly id: number;
  /** The peer accepts nothing for this client at the moment. */
  sendingPaused = false;
  readonly #owner: ChannelOwner;
  /** Bytes to send, in memory that belongs to the writer until they are sent. */
  #out: Buffer | undefined;
  #toldPending = 0;
  #ending = false;
  #isClosedThere = false;

  constructor(id: number, peer: { readonly host: string; readonly port: number }, owner: ChannelOwner) {
    super(peer);
    this.id = id;
    this.#owner = owner;
  }

  /** Whether the other side has closed the channel. */
  get isClosedThere(): boolean {
    return this.#isClosedThere;
  }

  get unsent(): number {
    return this.#out?.length ?? 0;
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
    this.#out = out.length > most ? out.subarray(most) : undefined;
    return piece;
  }

  /** The kernel has the piece that was taken last. */
  sent(): void {
    guarded(this, () => this.events.drained());
    this.#tellFinished();
  }

  /** The timeouts of the relay close the channel in time. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#owner.ended(this);
    setImmediate(() => this.#tellFinished());
  }

  override destroy(): void {
    if (!this.gone && !this.#isClosedThere) this.#owner.closed(this);
    super.destroy();
  }

  /** The other side has closed the channel: this side closes behind the bytes that arrived. */
  close(): void {
    this.#isClosedThere = true;
    this.#out = undefined;
    this.endBehindQueue();
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

  #tellFinished(): void {
    if (this.#ending && this.#out === undefined && !this.gone) guarded(this, () => this.events.finished());
  }

  #tellPending(): void {
    if (this.pending === this.#toldPending) return;
    this.#toldPending = this.pending;
    this.#owner.pendingChanged(this);
  }
}
