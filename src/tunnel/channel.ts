import { DEAF, type End, type EndEvents, EndReason, guarded } from "../ends/end.js";

/** A chunk that waits costs so much memory, however short it is. */
const CHUNK = 256;

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
  events: EndEvents = DEAF;
  /** Its number on the link. */
  readonly id: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  gone = false;
  /** The other side wants nothing more for it, for now. */
  held = false;
  readonly #owner: ChannelOwner;
  /** What is to be sent, in memory that is the sender's until then. */
  #out: Buffer | undefined;
  /** What came and has not been taken. */
  #pending: Buffer[] = [];
  #pendingSize = 0;
  #toldPending = 0;
  #paused = true;
  #ending = false;
  /** The other side has closed it; it is told behind what came. */
  #closed = false;
  #toldEof = false;

  constructor(id: number, peer: { readonly host: string; readonly port: number }, owner: ChannelOwner) {
    this.id = id;
    this.peerAddress = peer.host;
    this.peerPort = peer.port;
    this.#owner = owner;
  }

  /** The memory, in bytes, of what came and has not been taken. */
  get pending(): number {
    return this.#pendingSize;
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
    this.#flush();
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

  /** Bytes came over the link; they must not change any more. */
  deliver(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pending.push(bytes);
    this.#pendingSize += costOf(bytes);
    this.#flush();
  }

  /** The other side has closed it: so does this one, behind what came. */
  close(): void {
    this.#closed = true;
    this.#out = undefined;
    this.#flush();
    this.sent();
  }

  /** It is closed at once, for this reason: nothing can be carried for it any more. */
  cut(reason: string): void {
    if (this.gone) return;
    this.gone = true;
    this.#clear();
    guarded(this, () => this.events.closed(new EndReason(reason)));
  }

  #flush(): void {
    guarded(this, () => {
      while (!this.#paused) {
        const bytes = this.#pending.shift();
        if (bytes === undefined) break;
        this.#pendingSize -= costOf(bytes);
        this.events.data(bytes);
      }
      this.#tellPending();
      if (!this.#closed || this.#toldEof || this.#paused || this.gone) return;
      this.#toldEof = true;
      this.events.eof();
    });
  }

  #tellFinished(): void {
    if (this.#ending && this.#out === undefined && !this.gone) guarded(this, () => this.events.finished());
  }

  #clear(): void {
    this.#out = undefined;
    this.#pending = [];
    this.#pendingSize = 0;
    this.#tellPending();
  }

  #tellPending(): void {
    if (this.#pendingSize === this.#toldPending) return;
    this.#toldPending = this.#pendingSize;
    this.#owner.pending(this);
  }
}

function costOf({ length }: Buffer): number {
  return Math.max(CHUNK, length);
}
