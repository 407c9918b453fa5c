import type { AnswerCache } from "../core/collections/answer-cache.js";
import { ReadCache } from "../core/direct/read-cache.js";
import { conbusFraming } from "../core/framing/conbus-framing.js";
import { CutQueue } from "../core/framing/cut-queue.js";
import type { Cut } from "../core/framing/framing.js";
import { conbusView } from "../core/monitor/views/conbus-view.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { type End, type EndEvents, guarded, IGNORE_EVENTS, type Intermediary } from "../sockets/end.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import { TELEGRAM_STEPS, TelegramReceiver } from "./telegram-receiver.js";

/** Most bytes of one read from the server: it takes some milliseconds at worst to find the telegrams in them. */
const MAX_READ_BYTES = 4096;

/** What the ends of a line ask of its scheduler, and tell it. */
export interface TelegramEndOwner {
  readonly clock: Clock;
  /** The answers that all clients of the line share; undefined without CACH. */
  readonly answers: AnswerCache | undefined;
  /** Whether telegrams wait for their turn (RATE). */
  readonly isPaced: boolean;
  /** A telegram waits for its turn: {@link TelegramEnd.takeTurn} follows. */
  enqueue(end: TelegramEnd): void;
  /** No telegram of this end waits any more. */
  dequeue(end: TelegramEnd): void;
  /** A telegram goes to the server now. */
  sent(): void;
  /** The cache has answered a telegram. */
  cacheHit(): void;
  /** The server of an end takes more again. */
  dispatch(): void;
}

/**
 * A client's connection to a Conbus server under the rules of its line (docs/direct.md). Telegrams to the server wait for their turn
 * (RATE), and the cache answers reads (CACH). Bytes do not change, and keep their order in each direction.
 *
 * Memory is bounded: a relay writes nothing more while something is {@link unsent}, so one chunk waits at most, in memory that belongs to
 * the writer until then. An incomplete telegram is kept until its end, the limit of its length, or FIN.
 */
export class TelegramEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  /** Set while a monitor shows the messages. */
  observer: ByteObserver | undefined;
  readonly intermediary: Intermediary = { view: conbusView, protocol: conbusFraming.name, serverSide: this };
  readonly base: End;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly #owner: TelegramEndOwner;
  readonly #cache: ReadCache | undefined;
  readonly #receiver: TelegramReceiver | undefined;
  /** What the client has sent, from the telegram on that waits for its turn. */
  readonly #unsent = new CutQueue(conbusFraming.requests());
  readonly #slice = new TimeSlice(() => this.#continue(), TELEGRAM_STEPS);
  #isPaused = true;
  /** Whether the client is just writing: then it looks at {@link unsent} itself. */
  #isWriting = false;
  /** Whether the client has sent FIN. */
  #clientEnded = false;
  /** Whether the server has sent FIN, or its connection is gone. */
  #serverEnded = false;

  /** @param base connected to the server, and still paused */
  constructor(base: End, owner: TelegramEndOwner) {
    this.base = base;
    this.peerAddress = base.peerAddress;
    this.peerPort = base.peerPort;
    this.#owner = owner;
    if (owner.answers !== undefined) {
      this.#cache = new ReadCache(owner.answers);
      this.#receiver = new TelegramReceiver(this.#cache, {
        clock: owner.clock,
        deliver: (bytes) => this.events.data(bytes),
        regulate: () => this.#regulate(),
        fault: (error) => this.events.fault(error),
      });
    }
    streamOf(base)?.readAtMost(MAX_READ_BYTES);
    base.events = {
      data: (chunk) => this.#received(chunk),
      eof: () => this.#serverEof(),
      drained: () => this.#serverDrained(),
      finished: () => this.events.finished(),
      closed: (error) => this.#serverClosed(error),
      fault: (error) => this.events.fault(error),
    };
  }

  /** Bytes from the telegram on that waits for its turn, and bytes that the kernel has not taken. */
  get unsent(): number {
    return this.#unsent.size + this.base.unsent;
  }

  get gone(): boolean {
    return this.base.gone;
  }

  /** Number of telegrams that wait. */
  get waiting(): number {
    return this.#unsent.frames;
  }

  /** Whether the server takes no more at the moment. */
  get isBusy(): boolean {
    return this.base.unsent > 0;
  }

  get awaitsTurn(): boolean {
    return !this.#unsent.empty && !this.isBusy;
  }

  write(chunk: Buffer | string): void {
    if (this.gone) return;
    const wasEmpty = this.#unsent.empty;
    this.#unsent.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    if (wasEmpty) this.#sendQuietly();
  }

  pause(): void {
    this.#isPaused = true;
    this.#regulate();
  }

  resume(): void {
    this.#isPaused = false;
    this.#regulate();
  }

  end(): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    const wasEmpty = this.#unsent.empty;
    this.#unsent.end();
    if (wasEmpty) this.#sendQuietly();
    this.#endServer();
  }

  destroy(error?: Error): void {
    this.#release();
    this.base.destroy(error);
  }

  reset(): void {
    this.#release();
    this.base.reset();
  }

  /** Sends the first telegram, and everything behind it that needs no turn. */
  takeTurn(): void {
    guarded(this, () => {
      this.#send(true);
      this.#sent();
    });
  }

  /** Tells the relay that the server is not stuck: telegrams wait for nothing but their turn. */
  giveSignOfLife(): void {
    if (!this.isBusy) guarded(this, () => this.events.drained());
  }

  // to the server

  /** Sends for a client that is just writing: {@link EndEvents.drained} is not called. */
  #sendQuietly(): void {
    this.#isWriting = true;
    try {
      this.#send(false);
    } finally {
      this.#isWriting = false;
    }
  }

  /** Sends what may go now. `hasTurn`: one telegram may go that has to wait otherwise. */
  #send(hasTurn: boolean): void {
    let maySend = hasTurn || !this.#owner.isPaced;
    for (let cut = this.#unsent.peek(); cut !== undefined && !this.#slice.yielding; cut = this.#unsent.peek()) {
      const answer = cut.kind === "frame" ? this.#cachedAnswer(cut.bytes) : undefined;
      if (cut.kind === "frame" && answer === undefined && !maySend) {
        this.#owner.enqueue(this);
        return;
      }
      this.#unsent.take();
      if (answer !== undefined) {
        this.#owner.cacheHit();
        this.events.data(answer);
      } else {
        this.#pass(cut);
        if (cut.kind === "frame") maySend = !this.#owner.isPaced;
      }
      if (!this.#slice.takeStep()) this.#slice.yield();
    }
  }

  #continue(): void {
    guarded(this, () => {
      this.#send(false);
      this.#sent();
    });
  }

  #sent(): void {
    if (this.#isWriting || this.#slice.yielding) return;
    this.#endServer();
    if (this.unsent === 0) this.events.drained();
  }

  #pass(cut: Cut): void {
    this.#cache?.sent(cut);
    if (cut.kind === "frame") this.#owner.sent();
    this.base.write(cut.bytes);
    this.observer?.passed("up", cut.bytes, this.base.unsent === 0);
  }

  /**
   * The fresh answer to a telegram, if the client can get it now. A client that does not read, or has got a part of a telegram, gets its
   * answer from the server, behind everything before it.
   */
  #cachedAnswer(telegram: Buffer): Buffer | undefined {
    if (this.#cache === undefined || !this.#cache.isBetweenMessages || this.#isPaused || this.#serverEnded)
      return undefined;
    return this.#cache.answer(telegram, this.#owner.clock.now());
  }

  #serverDrained(): void {
    this.observer?.drained("up");
    if (!this.#unsent.empty && !this.#slice.yielding) this.#owner.dispatch();
    else this.events.drained();
  }

  /** Passes the client's FIN on, behind everything that waits. */
  #endServer(): void {
    if (this.#clientEnded && this.#unsent.empty && !this.gone) this.base.end();
  }

  // from the server

  #received(chunk: Buffer): void {
    if (this.observer !== undefined) {
      this.observer.passed("down", chunk, true); // before the relay's observer shows what the chunk leads to
      streamOf(this.base)?.yield();
    }
    if (this.#receiver === undefined) this.events.data(chunk);
    else this.#receiver.receive(chunk);
  }

  #regulate(): void {
    if (this.gone) return;
    if (this.#isPaused || this.#receiver?.isYielding) this.base.pause();
    else this.base.resume();
  }

  #serverEof(): void {
    this.#serverEnded = true;
    this.#receiver?.end();
    this.events.eof();
  }

  #serverClosed(error: Error | undefined): void {
    this.#release();
    this.#serverEnded = true;
    this.#receiver?.end();
    this.events.closed(error);
  }

  #release(): void {
    this.observer?.ended("up");
    this.observer?.ended("down");
    this.#unsent.restart(conbusFraming.requests());
    this.#owner.dequeue(this);
  }
}
