import { ByteQueue } from "../core/collections/byte-queue.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import { type End, type EndEvents, EndReason, guarded, IGNORE_EVENTS } from "./end.js";

type State =
  | { readonly kind: "open" }
  /** No more bytes arrive. Behind the queue the reader gets EOF, or the reason why the end closes. */
  | { readonly kind: "ending"; readonly reason: EndReason | undefined }
  /** The reader has got EOF. */
  | { readonly kind: "ended" }
  | { readonly kind: "gone" };

/**
 * An end without a socket of its own: several of them share one connection. Arriving bytes wait in a queue while the reader is paused.
 * The reader is paused at first. The owner of the shared connection bounds the queue: it looks at {@link pending}.
 */
export abstract class QueuedEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  /** Told when it is gone, whichever side closed it. */
  onGone: (() => void) | undefined;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly #queue = new ByteQueue();
  readonly #slice = new TimeSlice(() => this.#goOn());
  #isPaused = true;
  #state: State = { kind: "open" };

  constructor(peer: { readonly host: string; readonly port: number }) {
    this.peerAddress = peer.host;
    this.peerPort = peer.port;
  }

  abstract get unsent(): number;
  abstract write(chunk: Buffer | string): void;
  abstract end(): void;

  get gone(): boolean {
    return this.#state.kind === "gone";
  }

  /** Bytes that arrived and wait for the reader. */
  get pending(): number {
    return this.#queue.size;
  }

  protected get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether no more bytes arrive, and the end still exists. */
  protected get isEnding(): boolean {
    return this.#state.kind === "ending" || this.#state.kind === "ended";
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.flush();
  }

  destroy(): void {
    this.#release();
  }

  /** Like {@link destroy}; a subclass whose peer can be told of a reset tells it first. */
  reset(): void {
    this.destroy();
  }

  /** Closes the end at once for this reason. The waiting bytes are lost. */
  cut(reason: string): void {
    this.#close(new EndReason(reason, true));
  }

  /** Puts a copy of arrived bytes into the queue. {@link flush} hands them on. */
  deliver(bytes: Buffer): void {
    if (this.#state.kind === "open") this.#queue.push(bytes);
  }

  /** Hands waiting bytes on as long as the reader takes them, a time slice in each pass of the event loop. */
  flush(): void {
    guarded(this, () => {
      while (!this.#isPaused && !this.#slice.yielding) {
        const bytes = this.#queue.take();
        if (bytes === undefined) break;
        this.events.data(bytes);
        if (this.#queue.size > 0 && !this.#slice.takeStep()) this.#slice.yield();
      }
      if (this.#queue.size === 0) this.#tellEnd();
    });
  }

  /** Hands arrived bytes on as they are, without a copy. False, where the reader takes none now, or others wait before them. */
  protected handOn(bytes: Buffer): boolean {
    if (this.#state.kind !== "open" || this.#isPaused || this.#queue.size > 0 || this.#slice.yielding) return false;
    guarded(this, () => this.events.data(bytes));
    return true;
  }

  /**
   * Accepts no more bytes. Behind the waiting bytes the reader gets EOF, or, with a reason, the end closes.
   *
   * @param isCut the reader must not take what it has got for the whole
   */
  protected endBehindQueue(reason?: string, isCut = false): void {
    const state = this.#state;
    const end = reason === undefined ? undefined : new EndReason(reason, isCut);
    const isMore = state.kind === "ending" && end !== undefined && (state.reason === undefined || isCut);
    if (state.kind === "open" || isMore) this.#state = { kind: "ending", reason: end };
    else if (state.kind === "ended" && end !== undefined) this.#close(end); // the end closes behind its FIN
    this.flush();
  }

  /** The end has just gone, whichever side closed it: gives back what the subclass holds. Called once. */
  protected abstract released(): void;

  /** EOF waits for a paused reader, as on a socket. A close does not: a paused reader may never resume. */
  #tellEnd(): void {
    if (this.#state.kind !== "ending") return;
    const { reason } = this.#state;
    if (reason !== undefined) {
      this.#close(reason);
    } else if (!this.#isPaused) {
      this.#state = { kind: "ended" };
      this.events.eof();
    }
  }

  #close(reason: EndReason): void {
    if (this.#release()) guarded(this, () => this.events.closed(reason));
  }

  #goOn(): void {
    if (!this.#isPaused) guarded(this, () => this.resume());
  }

  #release(): boolean {
    if (this.gone) return false;
    this.#state = { kind: "gone" };
    this.#queue.clear();
    this.released();
    this.onGone?.();
    return true;
  }
}
