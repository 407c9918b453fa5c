import { ByteQueue } from "../core/collections/byte-queue.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import { type End, type EndEvents, EndReason, guarded, IGNORE_EVENTS } from "../sockets/end.js";

/** What a channel asks of the link it belongs to. */
export interface ChannelOwner {
  /** It has something to send: {@link Channel.takePiece} follows when it is its turn. */
  wants(channel: Channel): void;
  /** {@link Channel.pending} has changed. */
  pending(channel: Channel): void;
  /** Nothing more is to be sent for it. There is no half-close on a link, so the other side cannot be told. */
  ended(channel: Channel): void;
  /** It is closed from this side. */
  closed(channel: Channel): void;
}

/** One client of a link, as an end that a relay joins with what is on this side of the link. */
export class Channel implements End {
  events: EndEvents = IGNORE_EVENTS;
  /** Its number on the link. */
  readonly id: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  gone = false;
  /** The peer wants nothing more for this client, for now. */
  sendingPaused = false;
  readonly #owner: ChannelOwner;
  /** What is to be sent, in memory that is the sender's until then. */
  #out: Buffer | undefined;
  /** What came and has not been taken. */
  readonly #pending = new ByteQueue();
  readonly #slice: TimeSlice;
  #toldPending = 0;
  #paused = true;
  #ending = false;
  /** The other side has closed it; it is told behind what came. */
  #closed = false;
  #toldEof = false;

  constructor(id: number, peer: { readonly host: string; readonly port: number }, owner: ChannelOwner) {
    this.id = id;
    this.#slice = new TimeSlice(() => this.flush());
    this.peerAddress = peer.host;
    this.peerPort = peer.port;
    this.#owner = owner;
  }

  /** Bytes that came and have not been taken. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether the other side has closed it. */
  get isClosedThere(): boolean {
    return this.#closed;
  }

  get unsent(): number {
    return this.#out?.length ?? 0;
  }

  write(chunk: Buffer | string): void {
    if (this.gone || this.#closed) return;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    this.#out = this.#out === undefined ? bytes : Buffer.concat([this.#out, bytes]);
    this.#owner.wants(this);
  }

  /** Takes the next bytes to send, so many at most; nothing when there are none. */
  takePiece(most: number): Buffer | undefined {
    const out = this.#out;
    if (out === undefined) return undefined;
    const piece = out.subarray(0, most);
    this.#out = out.length > most ? out.subarray(most) : undefined;
    return piece;
  }

  /** What was taken last is with the kernel. */
  sent(): void {
    guarded(this, () => this.events.drained());
    this.#tellFinished();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.flush();
  }

  /** The limits of the relay end it in time. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#owner.ended(this);
    setImmediate(() => this.#tellFinished());
  }

  destroy(): void {
    if (this.gone) return;
    this.gone = true;
    if (!this.#closed) this.#owner.closed(this);
    this.#clear();
  }

  /** Bytes came over the link: {@link flush} is to follow, behind all that came with them. */
  deliver(bytes: Buffer): void {
    if (!this.gone && !this.#closed) this.#pending.push(bytes);
  }

  /** The other side has closed it: so does this one, behind what came. */
  close(): void {
    this.#closed = true;
    this.#out = undefined;
    this.flush();
    this.sent();
  }

  /** It is closed at once, for this reason: nothing can be carried for it any more. */
  cut(reason: string): void {
    if (this.gone) return;
    this.gone = true;
    this.#clear();
    guarded(this, () => this.events.closed(new EndReason(reason)));
  }

  /** Hands on what came, as far as it is taken. */
  flush(): void {
    guarded(this, () => {
      while (!this.#paused && !this.#slice.yielding) {
        const bytes = this.#pending.take();
        if (bytes === undefined) break;
        this.events.data(bytes);
        if (this.#pending.size > 0 && !this.#slice.takeStep()) this.#slice.yield();
      }
      this.#tellPending();
      if (!this.#closed || this.#toldEof || this.#paused || this.#pending.size > 0 || this.gone) return;
      this.#toldEof = true;
      this.events.eof();
    });
  }

  #tellFinished(): void {
    if (this.#ending && this.#out === undefined && !this.gone) guarded(this, () => this.events.finished());
  }

  #clear(): void {
    this.#out = undefined;
    this.#pending.clear();
    this.#tellPending();
  }

  #tellPending(): void {
    if (this.#pending.size === this.#toldPending) return;
    this.#toldPending = this.#pending.size;
    this.#owner.pending(this);
  }
}
