import { ByteQueue } from "../core/collections/byte-queue.js";
import { CutQueue } from "../core/framing/cut-queue.js";
import type { HttpHead } from "../core/framing/framing.js";
import { viewOfProtocol } from "../core/monitor/views/views.js";
import type { Protocol } from "../core/mux/protocol.js";
import type { HostPort } from "../core/net/address.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";
import { type End, type EndEvents, EndReason, guarded, IGNORE_EVENTS, type Intermediary } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";

/** What a mux does with what a client sends. */
export interface MuxClientOwner {
  /** A whole message; `head`: of HTTP. */
  message(bytes: Buffer, head: HttpHead | undefined): void;
  /** The head of a message whose rest is still to come. */
  begun(head: HttpHead): void;
  /** Bytes that are no message. */
  malformed(reason: string, tooLong: boolean): void;
  /** It takes more again. */
  resumed(): void;
  /** It sends no more. Returns whether it is owed something still: else it counts as gone after a silence of the device. */
  ended(): boolean;
  /** It is gone. */
  gone(): void;
  /** Whether it has to wait before it may send more. */
  holds(): boolean;
  fault(error: unknown): void;
}

const MAX_MESSAGE = 1_048_576; // a request is kept whole until it can go out
const MAX_PENDING = 262_144; // of answers; a client that leaves so many unread gets nothing more for now
const MAX_PARTS = 256; // of a message that comes in crumbs, before they are put together
const SIGN_OF_LIFE_MS = 1000;
const NOTHING = Buffer.alloc(0);

/** A shared device as one client sees it: an end like a remote of its own. */
export class MuxClient implements End {
  events: EndEvents = IGNORE_EVENTS;
  readonly peerAddress: string;
  readonly peerPort: number;
  gone = false;
  readonly intermediary: Intermediary;
  readonly #clock: Clock;
  readonly #owner: MuxClientOwner;
  /** What it has sent and is not worked off yet, in memory that is the sender's until then. */
  readonly #messages: CutQueue;
  readonly #slice: TimeSlice;
  #working = false;
  /** Parts of a message that is not complete. */
  #parts: Buffer[] = [];
  #partsSize = 0;
  #head: HttpHead | undefined;
  /** Answers that it has not taken yet. */
  readonly #pending = new ByteQueue();
  #paused = true;
  #deaf = false;
  #ended = false;
  #finishing = false;
  #end: { readonly reason: string | undefined; told: boolean } | undefined;
  #patience: Timer | undefined;

  /** @param target the device, as it is called */
  constructor(target: HostPort, protocol: Protocol, clock: Clock, owner: MuxClientOwner) {
    this.peerAddress = target.host;
    this.peerPort = target.port;
    this.#clock = clock;
    this.#owner = owner;
    this.#messages = new CutQueue(protocol.framing.requests());
    this.#slice = new TimeSlice(() => guarded(this, () => this.check()), FEW_STEPS);
    this.intermediary = { view: viewOfProtocol(protocol.framing.name) };
  }

  /** Bytes that wait until the mux takes more of this client; until then it is not read. */
  get unsent(): number {
    return this.#deaf ? 0 : this.#messages.size;
  }

  /** Whether it leaves so much unread that it gets no more for now. */
  get stalled(): boolean {
    return this.#pending.size > MAX_PENDING;
  }

  write(chunk: Buffer | string): void {
    if (this.#deaf || this.#ended) return;
    this.#messages.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    this.#work();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#flush();
    if (this.#paused) return;
    this.#owner.resumed();
    this.check();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#messages.end();
    this.#work();
  }

  destroy(): void {
    if (this.gone) return;
    this.gone = true;
    this.#deaf = true;
    this.#patience?.cancel();
    this.#owner.gone();
  }

  /** Passes bytes on to the client; they must not change any more. */
  deliver(bytes: Buffer): void {
    if (this.gone || this.#end !== undefined) return;
    if (this.#paused || this.#pending.size > 0) this.#pending.push(bytes);
    else guarded(this, () => this.events.data(bytes));
  }

  /** Takes no more messages of it: what it sends is thrown away. */
  ignore(): void {
    this.#deaf = true;
  }

  /** Closes it behind everything delivered: in good order, or for a reason. What it sends is ignored from now on. */
  close(reason: string | undefined): void {
    this.#deaf = true;
    this.#end ??= { reason, told: false };
    this.#flush();
  }

  /** Closes it without what it has not taken: it never would. */
  drop(reason: string): void {
    this.#pending.clear();
    this.close(reason);
  }

  /** What held it back may do so no longer. */
  check(): void {
    if (this.#messages.empty || this.#working || this.#slice.yielding || this.gone) return;
    this.#work();
    if (this.unsent === 0) guarded(this, () => this.events.drained());
  }

  /** Everything it has sent is with the mux. */
  #finishSoon(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    setImmediate(() => guarded(this, () => this.#finished()));
  }

  #finished(): void {
    if (this.gone) return;
    this.events.finished();
    if (this.#owner.ended()) this.#giveSignOfLife();
  }

  /** While the device works on a client's last requests it counts as alive: there are other limits for that. */
  #giveSignOfLife(): void {
    if (this.gone || this.#end !== undefined) return;
    this.#patience = this.#clock.after(SIGN_OF_LIFE_MS, () => {
      guarded(this, () => this.events.data(NOTHING));
      this.#giveSignOfLife();
    });
  }

  /** Gives the mux what it takes, for a turn. */
  #work(): void {
    if (this.#slice.yielding) return;
    if (this.#working) return; // the mux has room again because of what it is just being given
    this.#working = true;
    while (!this.#deaf && this.#pending.size <= MAX_PENDING && !this.#owner.holds()) {
      const cut = this.#messages.take();
      if (cut === undefined) break;
      if (cut.kind === "junk") this.#owner.malformed(cut.reason, false);
      else this.#collect(cut.kind, cut.bytes, cut.head);
      if (this.#slice.takeStep()) continue;
      this.#slice.yield();
      break;
    }
    this.#working = false;
    if (this.#ended && (this.#deaf || this.#messages.empty)) this.#finishSoon();
  }

  #collect(kind: "frame" | "part", bytes: Buffer, head: HttpHead | undefined): void {
    this.#head = head ?? this.#head;
    if (kind === "frame" && this.#partsSize === 0) {
      this.#owner.message(bytes, this.#head);
      return;
    }
    this.#parts.push(Buffer.from(bytes));
    this.#partsSize += bytes.length;
    if (this.#parts.length > MAX_PARTS) this.#parts = [Buffer.concat(this.#parts)];
    if (this.#partsSize > MAX_MESSAGE) {
      this.#owner.malformed(`a message of more than ${MAX_MESSAGE} bytes`, true);
    } else if (kind === "frame") {
      const message = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#partsSize = 0;
      this.#owner.message(message, this.#head);
    } else if (head !== undefined) {
      this.#owner.begun(head);
    }
  }

  #flush(): void {
    guarded(this, () => {
      while (!this.#paused && !this.gone) {
        const bytes = this.#pending.take();
        if (bytes === undefined) break;
        this.events.data(bytes);
      }
      if (this.#end === undefined || this.#end.told || this.#pending.size > 0 || this.gone) return;
      this.#end.told = true;
      this.#patience?.cancel();
      const { reason } = this.#end;
      if (reason === undefined) {
        this.events.eof();
        return;
      }
      this.gone = true;
      this.#owner.gone();
      this.events.closed(new EndReason(reason));
    });
  }
}
