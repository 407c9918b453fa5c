import type { FormatWord } from "../core/monitor/format.js";
import { gapLine } from "../core/monitor/trace-event.js";
import type { Clock, Timer } from "../system/clock.js";

/** Bytes of memory that lines may take which wait for the console or an audit file: more than a terminal shows in a minute. */
const MAX_WAITING = 4_194_304;
/** For a watcher, of whom there can be many: some hundred lines, which are written 50 times a second to one who reads. */
export const MAX_WATCHER_WAITING = 131_072;
const LINE_OVERHEAD = 64; // bytes
const GATHER_MS = 20; // lines of so long are written at once: a write for each costs more than all else
const PAUSE_AFTER_ERROR_MS = 1000;

/** Writes a text, and tells when it has been taken, or cannot be. */
export type WriteText = (text: string, done: (error?: Error | null) => void) => void;

/**
 * Lines on their way to somebody who may be slow. Those that would make it longer than its limit are left out and counted, and the
 * count stands where they would have been.
 */
export class LineQueue {
  /** Messages that were left out since the start. */
  lost = 0;
  readonly #write: WriteText;
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  #lines: string[] = [];
  /** Bytes of memory that they take. */
  #size = 0;
  #gathering: Timer | undefined;
  #writing = false;
  #gap = 0;
  /** Lines among them that tell of gaps, and the messages these tell of. */
  #gapLines = 0;
  #gapsTold = 0;
  #gapFormat: readonly FormatWord[] = [];
  #brokenUntil = 0;

  constructor(write: WriteText, clock: Clock, maxWaiting = MAX_WAITING) {
    this.#write = write;
    this.#clock = clock;
    this.#maxWaiting = maxWaiting;
  }

  /** Whether there is no room for another message: it is to be left out by {@link skip}. */
  get full(): boolean {
    return this.#size > this.#maxWaiting || (this.#brokenUntil > 0 && this.#clock.now() < this.#brokenUntil);
  }

  /** Whether everything has been written, or lost. */
  get idle(): boolean {
    return !this.#writing && this.#lines.length === 0;
  }

  /** Writes what is there at once: whoever takes it is about to go. */
  finish(): void {
    this.#tellGap();
    this.#gathering?.cancel();
    if (this.#lines.length > 0) this.#flush();
  }

  push(line: string): void {
    this.#tellGap();
    this.#add(line);
  }

  /** Messages are left out. `format`: how the gap is to be told. */
  skip(format: readonly FormatWord[], messages = 1): void {
    this.#gapFormat = format;
    this.#lose(messages);
  }

  #lose(messages: number): void {
    this.lost += messages;
    this.#gap += messages;
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#size += 2 * line.length + LINE_OVERHEAD; // arrows make two bytes of each character
    this.#gather();
  }

  #tellGap(): void {
    if (this.#gap === 0) return;
    this.#gapLines += 1;
    this.#gapsTold += this.#gap;
    this.#add(gapLine(this.#gap, this.#gapFormat));
    this.#gap = 0;
  }

  #gather(): void {
    if (this.#writing || this.#gathering !== undefined || this.#lines.length === 0) return;
    this.#gathering = this.#clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#gathering = undefined;
    this.#writing = true;
    const messages = this.#lines.length - this.#gapLines;
    const told = this.#gapsTold;
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#size = 0;
    this.#gapLines = 0;
    this.#gapsTold = 0;
    this.#write(text, (error) => this.#written(error, messages, told));
  }

  /** @param told messages that were to be told to be lost, and are to be told again if they were not */
  #written(error: Error | null | undefined, messages: number, told: number): void {
    this.#writing = false;
    this.#brokenUntil = error ? this.#clock.now() + PAUSE_AFTER_ERROR_MS : 0;
    if (error) {
      this.#lose(messages);
      this.#gap += told;
    } else {
      this.#tellGap();
    }
    this.#gather();
  }
}
