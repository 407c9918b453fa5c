import type { PeerBacklog } from "../core/limits/idle-deadlines.js";
import { LookPace } from "../core/park/look-pace.js";
import { LEAST_PARKED_BYTES } from "../core/park/parking-rules.js";
import { type End, type EndEvents, guarded, IGNORE_EVENTS } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock, Timer } from "../system/clock.js";
import type { ParkableClientContext, ParkableClientOwner } from "./parkable-client-owner.js";
import { ReadAhead } from "./read-ahead.js";
import { howOf, type Loss, UnacknowledgedBytes } from "./unacknowledged-bytes.js";

/** `leaving`: nobody writes to the client any more, and the kernel is asked what it has got. `over`: it ends as without parking. */
type State =
  | { readonly kind: "connected" }
  | { readonly kind: "leaving" | "parked"; readonly loss: Loss }
  | { readonly kind: "over" };

/**
 * The client's end of a connection that can be parked (docs/protocol.md, "Parking"). When the client goes, the relay hears nothing of that:
 * the end takes what comes from the remote, until its bytes are too many. Then the remote waits.
 */
export class ParkableClient implements End, EndEvents {
  events: EndEvents = IGNORE_EVENTS;
  readonly base: StreamEnd;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** Resolves when the client has gone and it is known what waits for it, or when nothing is parked. */
  readonly settled: Promise<void>;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #owner: ParkableClientOwner;
  readonly #bytes: UnacknowledgedBytes;
  readonly #ahead = new ReadAhead();
  /** The relay has sent FIN behind everything. */
  #ended = false;
  /** Bytes that {@link ParkableClientOwner.waitingChanged} has told of. */
  #counted = 0;
  #timer: Timer | undefined;
  /** The next look, or the one that is under way. */
  #plan: "none" | "later" | "soon" | "now" = "none";
  readonly #pace: LookPace;
  #state: State = { kind: "connected" };
  #settle = (): void => {};

  /** @param maxBytes to keep for a client that has gone */
  constructor(stream: StreamEnd, maxBytes: number, context: ParkableClientContext, owner: ParkableClientOwner) {
    this.base = stream;
    this.peerAddress = stream.peerAddress;
    this.peerPort = stream.peerPort;
    this.#maxBytes = maxBytes;
    this.#clock = context.clock;
    this.#owner = owner;
    this.#pace = new LookPace(context.clock.now());
    this.#bytes = new UnacknowledgedBytes(stream, context.sockets);
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    stream.events = this;
  }

  /** The client has gone, and the connection may be parked, or is. */
  get isAway(): boolean {
    return this.#state.kind === "leaving" || this.#state.kind === "parked";
  }

  /** The connection is parked. */
  get isParked(): boolean {
    return this.#state.kind === "parked";
  }

  /** The bytes that wait for the client, or that its kernel has not acknowledged. They stay. */
  get kept(): Buffer {
    return this.#bytes.all;
  }

  /** Another process has written these bytes to the client, and does not know that its kernel has them. */
  restore(bytes: Buffer): void {
    this.#bytes.restore(bytes);
    this.#lookLater();
  }

  /** Another process has parked the connection. @param isCut see {@link isCut} */
  restoreParked(bytes: Buffer, isCut: boolean): void {
    this.#state = { kind: "parked", loss: { how: isCut ? "reset" : "fin", error: undefined } };
    this.#bytes.keep(bytes);
    this.#count();
    this.#settle();
  }

  /** Bytes that wait for the client. */
  get waiting(): number {
    return this.#bytes.size;
  }

  /** Whether the remote has sent FIN behind the bytes that wait. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Whether what the client sent must not be taken for the whole. */
  get isCut(): boolean {
    return "loss" in this.#state && this.#state.loss.how !== "fin";
  }

  get unsent(): number {
    if (this.isAway) return Number(this.#bytes.size >= this.#mostBytes);
    return this.base.unsent || this.#bytes.waiting;
  }

  get #mostBytes(): number {
    return this.#owner.isFull ? Math.min(this.#maxBytes, LEAST_PARKED_BYTES) : this.#maxBytes;
  }

  get gone(): boolean {
    return !this.isAway && this.base.gone;
  }

  /** While the client is away, no limit for a half-closed connection runs: that of parking does. */
  get peerBacklog(): PeerBacklog | undefined {
    return this.isAway ? { unacknowledged: Math.max(1, this.waiting), unread: 0 } : undefined;
  }

  write(chunk: Buffer | string): void {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    const { kind } = this.#state;
    if (kind === "over") this.base.write(bytes);
    else if (kind === "connected") {
      if (!this.#bytes.isLookDue) this.#pace.keepsUp(this.#clock.now());
      this.#bytes.write(bytes);
      this.#lookLater();
    } else {
      this.#bytes.keep(bytes);
      this.#count();
    }
  }

  pause(): void {
    if (!this.#ahead.isOn) this.base.pause();
  }

  resume(): void {
    this.base.resume();
  }

  /**
   * Reads on to the end of a client that has gone, by the kernel's table, whatever the remote takes.
   *
   * @param most bytes
   * @returns whether that begins now
   */
  readToEnd(most: number): boolean {
    if (this.#state.kind !== "connected" || !this.#ahead.begin(most)) return false;
    this.base.resume();
    return true;
  }

  end(): void {
    this.#ended = true;
    if (!this.isAway) this.base.end();
    else if (this.isParked && this.waiting === 0) setImmediate(() => this.#owner.remoteLeft());
  }

  destroy(error?: Error): void {
    this.base.destroy(error);
  }

  reset(): void {
    this.base.reset();
  }

  /** There is room for more bytes again: somebody else needs less. */
  roomAgain(): void {
    if (this.isAway && this.unsent === 0) guarded(this, () => this.events.drained());
  }

  /** Removes and returns the bytes that wait. */
  takeWaiting(): Buffer {
    const bytes = this.#bytes.takeAll();
    this.#count();
    return bytes;
  }

  /** Parks nothing: from now on the relay has the client as it is, which may be gone. */
  giveUp(): void {
    this.#timer?.cancel();
    this.takeWaiting();
    this.#state = { kind: "over" };
    this.#settle();
  }

  /** Tells the relay that the client has gone, as without parking. @param error what it hears where the socket is closed */
  passOn(error?: Error): void {
    const loss = "loss" in this.#state ? this.#state.loss : undefined;
    this.giveUp();
    if (loss?.how === "fin" && !this.base.gone) {
      if (this.#ended) this.base.end();
      guarded(this, () => this.events.eof());
    } else guarded(this, () => this.events.closed(error ?? loss?.error));
  }

  data(chunk: Buffer): void {
    const isAhead = this.#ahead.take(chunk.length);
    this.events.data(chunk);
    if (isAhead || !this.base.reading) this.base.keepChunk(); // it waits for the remote, and the client may be read on: see readToEnd
  }

  eof(): void {
    if (this.#state.kind === "over") this.events.eof();
    else this.#lost({ how: "fin", error: undefined });
  }

  drained(): void {
    this.#bytes.drained();
    this.#goOn();
  }

  finished(): void {
    this.events.finished();
  }

  /** What is written now fails already; {@link closed} comes behind the client's last words. */
  broken(): void {
    if (this.#state.kind === "over") this.events.broken?.();
  }

  closed(error: NodeJS.ErrnoException | undefined): void {
    if (this.#state.kind === "over") this.events.closed(error);
    else this.#lost({ how: howOf(error), error });
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
  }

  /** Tells how many bytes more or fewer wait for a client that has gone than were told last. */
  #count(): void {
    const by = (this.isAway ? this.waiting : 0) - this.#counted;
    this.#counted += by;
    if (by !== 0) this.#owner.waitingChanged(by);
  }

  #goOn(): void {
    if (this.#state.kind === "connected") this.#bytes.goOn();
    if (!this.isAway && this.unsent === 0) this.events.drained();
  }

  #lookLater(): void {
    const plan = this.#bytes.isLookDue ? "soon" : "later";
    if (this.#bytes.size === 0 || this.#plan === "now" || this.#plan === "soon" || this.#plan === plan) return;
    this.#plan = plan;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#pace.waitMs(plan === "soon", this.#clock.now()), () => {
      this.#look().catch((error: unknown) => this.#owner.fault(error));
    });
  }

  async #look(): Promise<void> {
    this.#plan = "now";
    await this.#bytes.look(this.#ended);
    this.#plan = "none";
    if (this.#state.kind !== "connected") return;
    if (!this.#bytes.isRoomLow) this.#pace.keepsUp(this.#clock.now());
    if (this.#bytes.waiting > 0) this.#goOn();
    this.#lookLater();
  }

  #lost(loss: Loss): void {
    if (this.#state.kind !== "connected") return;
    this.#state = { kind: "leaving", loss };
    this.#bytes.lost(loss);
    this.#timer?.cancel();
    this.#owner.clientLeft();
    this.#count();
    if (this.unsent === 0) this.events.drained();
    this.#bytes
      .findOut(loss, () => this.#ended, this.#clock)
      .then(() => this.#found(loss))
      .catch((error: unknown) => this.#owner.fault(error));
  }

  #found(loss: Loss): void {
    if (this.#state.kind !== "leaving") return;
    this.#state = { kind: "parked", loss };
    this.#count();
    if ((this.#ended && this.waiting === 0) || !this.#owner.mayPark()) {
      this.#owner.nothingParked();
      return;
    }
    if (this.#bytes.isUnderWay)
      this.base.reset(); // our kernel must not deliver what is kept here
    else this.base.destroy();
    this.#owner.parked();
    this.#settle();
  }
}
