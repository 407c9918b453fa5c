import type { AnswerCache } from "../core/collections/answer-cache.js";
import { ReadCache } from "../core/direct/read-cache.js";
import { conbus } from "../core/framing/conbus-framing.js";
import { CutQueue } from "../core/framing/cut-queue.js";
import type { Cut } from "../core/framing/framing.js";
import { conbus as conbusView } from "../core/monitor/views/conbus-view.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { type End, type EndEvents, guarded, IGNORE_EVENTS, type Intermediary } from "../sockets/end.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";

/** A read of the server brings so many bytes at most: to look for telegrams in them takes some milliseconds at the worst. */
const TELEGRAMS_BYTES = 4096;
/** Telegrams that are passed on in any turn: they take some microseconds each. */
const CHEAP_STEPS = 16;

/** What the line is to the server connection of one of its clients. */
export interface TelegramEndOwner {
  readonly clock: Clock;
  /** Answers that all clients of the line share; nothing: none are kept. */
  readonly answers: AnswerCache | undefined;
  /** Whether telegrams wait for their turn. */
  readonly isPaced: boolean;
  /** A telegram waits for its turn: {@link TelegramEnd.takeTurn} follows. */
  join(end: TelegramEnd): void;
  /** None waits any more. */
  leave(end: TelegramEnd): void;
  /** A telegram goes to the server now. */
  sent(): void;
  /** One has been answered without the server. */
  recalled(): void;
  /** Its server takes more again. */
  dispatch(): void;
}

/**
 * A client's connection to a Conbus server, under the rules of its line: telegrams to the server wait for their turn (RATE),
 * reads are answered from memory (CACH). Bytes are not changed, and keep their order in each direction.
 *
 * Memory is bounded because a relay writes no more while something is {@link unsent}: what waits is one chunk, and is the
 * sender's until then. Half a telegram is kept until its end, until it is too long for one, or until FIN.
 */
export class TelegramEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  /** Looks on, where somebody wants to see the messages. */
  observer: ByteObserver | undefined;
  readonly intermediary: Intermediary = { view: conbusView, serverSide: this };
  readonly base: End;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly #owner: TelegramEndOwner;
  readonly #recall: ReadCache | undefined;
  /** What the client has sent, from the telegram that waits for its turn on. */
  readonly #up = new CutQueue(conbus.requests());
  readonly #upSlice: TimeSlice;
  /** What the server has sent and is not passed on yet. */
  readonly #down = new CutQueue(conbus.answers());
  readonly #downSlice: TimeSlice;
  #isPaused = true;
  /** Whoever writes looks himself at what is left unsent: it is not told by {@link EndEvents.drained} meanwhile. */
  #isWriting = false;
  /** The client has sent FIN, the server has. */
  #ending = false;
  #ended = false;

  /** @param base connected to the server, and still paused */
  constructor(base: End, owner: TelegramEndOwner) {
    this.base = base;
    this.peerAddress = base.peerAddress;
    this.peerPort = base.peerPort;
    this.#owner = owner;
    this.#recall = owner.answers && new ReadCache(owner.answers);
    this.#upSlice = new TimeSlice(() => this.#goOn(), CHEAP_STEPS);
    this.#downSlice = new TimeSlice(() => guarded(this, () => this.#hear(false)), CHEAP_STEPS);
    streamOf(base)?.readAtMost(TELEGRAMS_BYTES);
    base.events = {
      data: (chunk) => this.#received(chunk),
      eof: () => this.#baseEnded(),
      drained: () => this.#baseDrained(),
      finished: () => this.events.finished(),
      closed: (error) => this.#baseClosed(error),
      fault: (error) => this.events.fault(error),
    };
  }

  /** Bytes behind a telegram that waits for its turn, with those that the kernel has not taken. */
  get unsent(): number {
    return this.#up.size + this.base.unsent;
  }

  get gone(): boolean {
    return this.base.gone;
  }

  /** Telegrams that wait. */
  get waiting(): number {
    return this.#up.frames;
  }

  /** Whether the server does not take more for now. */
  get isBusy(): boolean {
    return this.base.unsent > 0;
  }

  get awaitsTurn(): boolean {
    return !this.#up.empty && !this.isBusy;
  }

  write(chunk: Buffer | string): void {
    if (this.gone) return;
    const waited = !this.#up.empty;
    this.#up.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    if (!waited) this.#workQuietly();
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
    if (this.#ending) return;
    this.#ending = true;
    const waited = !this.#up.empty;
    this.#up.end();
    if (!waited) this.#workQuietly();
    this.#endBase();
  }

  destroy(error?: Error): void {
    this.#giveUp();
    this.base.destroy(error);
  }

  /** It is this one's turn: its first telegram goes out, with what needs no turn behind it. */
  takeTurn(): void {
    guarded(this, () => {
      this.#work(true);
      this.#worked();
    });
  }

  /** It waits for nothing but its turn. */
  giveSignOfLife(): void {
    if (!this.isBusy) guarded(this, () => this.events.drained());
  }

  /** Sends what may go out now, for somebody who looks himself at what is left. */
  #workQuietly(): void {
    this.#isWriting = true;
    try {
      this.#work(false);
    } finally {
      this.#isWriting = false;
    }
  }

  /** Sends what may go out now. `mayLeave`: one telegram may that has waited for its turn. */
  #work(mayLeave: boolean): void {
    let may = mayLeave || !this.#owner.isPaced;
    for (let cut = this.#up.peek(); cut !== undefined && !this.#upSlice.yielding; cut = this.#up.peek()) {
      const answer = cut.kind === "frame" ? this.#fromMemory(cut.bytes) : undefined;
      if (cut.kind === "frame" && answer === undefined && !may) {
        this.#owner.join(this);
        return;
      }
      this.#up.take();
      if (answer !== undefined) {
        this.#owner.recalled();
        this.events.data(answer);
      } else {
        this.#send(cut);
        if (cut.kind === "frame") may = !this.#owner.isPaced;
      }
      if (!this.#upSlice.takeStep()) this.#upSlice.yield();
    }
  }

  #goOn(): void {
    guarded(this, () => {
      this.#work(false);
      this.#worked();
    });
  }

  /** Tells what has become of what waited. */
  #worked(): void {
    if (this.#isWriting || this.#upSlice.yielding) return;
    this.#endBase();
    if (this.unsent === 0) this.events.drained();
  }

  #send(cut: Cut): void {
    this.#recall?.sent(cut);
    if (cut.kind === "frame") this.#owner.sent();
    this.base.write(cut.bytes);
    this.observer?.passed("up", cut.bytes, this.base.unsent === 0);
  }

  #received(chunk: Buffer): void {
    if (this.observer !== undefined) {
      this.observer.passed("down", chunk, true); // before what it leads to, which the relay's observer shows
      streamOf(this.base)?.yield();
    }
    if (this.#recall === undefined) {
      this.events.data(chunk);
      return;
    }
    this.#down.push(chunk);
    this.#hear(false);
  }

  /** Reads from the server, unless the client takes nothing, or others have their turn. */
  #regulate(): void {
    if (this.#isPaused || this.#downSlice.yielding) this.base.pause();
    else this.base.resume();
  }

  /**
   * A fresh answer, if this is a place for it: a client that does not read, or is amid something else, gets its answer from the
   * server, behind what is before it.
   */
  #fromMemory(telegram: Buffer): Buffer | undefined {
    if (this.#recall === undefined || !this.#recall.isBetween || this.#isPaused || this.#ended) return undefined;
    return this.#recall.answer(telegram, this.#owner.clock.now());
  }

  /**
   * Passes whole messages on, those of a turn in one go: the client may not take more behind the first of them. The server is not read
   * before the rest is passed on.
   *
   * @param atEnd whether nothing more will come, and all of it is to be passed on now
   */
  #hear(atEnd: boolean): void {
    const heard: Buffer[] = [];
    while (atEnd || !this.#downSlice.yielding) {
      const cut = this.#down.take();
      if (cut === undefined) break;
      this.#recall?.heard(cut, this.#owner.clock.now());
      heard.push(cut.bytes);
      if (!this.#downSlice.takeStep()) this.#downSlice.yield();
    }
    const [only] = heard;
    // without any bytes it is a sign of life
    this.events.data(heard.length === 1 && only !== undefined ? only : Buffer.concat(heard));
    if (!this.gone) this.#regulate();
  }

  #baseEnded(): void {
    this.#flush();
    this.events.eof();
  }

  #baseClosed(error: Error | undefined): void {
    this.#giveUp();
    this.#flush();
    this.events.closed(error);
  }

  /** The server sends no more: what it has begun goes on as it is. */
  #flush(): void {
    this.#ended = true;
    if (this.#down.empty && this.#down.held === 0) return;
    this.#down.end();
    this.#hear(true);
  }

  #baseDrained(): void {
    this.observer?.drained("up");
    if (!this.#up.empty && !this.#upSlice.yielding) this.#owner.dispatch();
    else this.events.drained();
  }

  /** FIN goes behind everything that waits. */
  #endBase(): void {
    if (this.#ending && this.#up.empty && !this.gone) this.base.end();
  }

  #giveUp(): void {
    this.observer?.ended("up");
    this.observer?.ended("down");
    this.#up.restart(conbus.requests());
    this.#owner.leave(this);
  }
}
