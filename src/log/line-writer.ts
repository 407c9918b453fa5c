import type { Clock, Timer } from "../system/clock.js";

/** Memory for lines that wait for a file or a terminal, in bytes: a disk that hangs for seconds costs no line, and a dead one little memory. */
const MAX_WAITING = 4_194_304;
const LINE_OVERHEAD = 64; // bytes of memory, beside the characters
const GATHER_MS = 20; // lines of this time go out in one write: a write for each line costs more than all other work on it
const PAUSE_AFTER_ERROR_MS = 1000;

/** Writes a text. Calls `done` when it has been taken, or with an error when it cannot be. */
export type WriteText = (text: string, done: (error?: Error | null) => void) => void;

/** The line that stands where `lost` lines are missing. */
export type GapLine = (lost: number) => string;

/**
 * Writes lines to a target that may be slow or broken, and never waits for it. Lines that find no room, or that the target does not
 * take, are counted, and a gap line with their number stands in their place.
 */
export class LineWriter {
  readonly #write: WriteText;
  readonly #clock: Clock;
  readonly #gapLine: GapLine;
  readonly #maxWaiting: number;
  #lines: string[] = [];
  /** Bytes of memory that they take. */
  #size = 0;
  #gathering: Timer | undefined;
  /** Writes that are not taken yet; more than one only behind {@link finish}. */
  #underWay = 0;
  #pausedUntil = 0;
  #lost = 0;
  /** Lost lines that no gap line tells yet. */
  #gap = 0;
  /** Gap lines among those that wait, and the lost lines that they tell. */
  #gapLines = 0;
  #gapTold = 0;

  /** @param maxWaiting bytes of memory that waiting lines may take */
  constructor(write: WriteText, clock: Clock, gapLine: GapLine, maxWaiting = MAX_WAITING) {
    this.#write = write;
    this.#clock = clock;
    this.#gapLine = gapLine;
    this.#maxWaiting = maxWaiting;
  }

  /** Lines lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether there is no room for another line: {@link skip} it. */
  get full(): boolean {
    return this.#size > this.#maxWaiting || (this.#pausedUntil > 0 && this.#clock.now() < this.#pausedUntil);
  }

  /** Whether every line has been written, or lost. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#lines.length === 0;
  }

  /** Takes a line, without its LF. */
  push(line: string): void {
    this.#tellGap();
    this.#add(line);
  }

  /** Counts lines that have found no room. */
  skip(lines = 1): void {
    this.#lost += lines;
    this.#gap += lines;
  }

  /** The target is a new one: ends the pause after an error of the old one. */
  retry(): void {
    this.#pausedUntil = 0;
  }

  /** Writes what waits at once, because the target is about to close. */
  finish(): void {
    this.#tellGap();
    this.#gathering?.cancel();
    if (this.#lines.length > 0) this.#flush();
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#size += 2 * line.length + LINE_OVERHEAD; // one character beyond Latin-1, such as an arrow, makes two bytes of each
    this.#gather();
  }

  #tellGap(): void {
    if (this.#gap === 0) return;
    this.#gapLines += 1;
    this.#gapTold += this.#gap;
    this.#add(this.#gapLine(this.#gap));
    this.#gap = 0;
  }

  #gather(): void {
    if (this.#underWay > 0 || this.#gathering !== undefined || this.#lines.length === 0) return;
    this.#gathering = this.#clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#gathering = undefined;
    this.#underWay += 1;
    const [lines, gapTold] = [this.#lines.length - this.#gapLines, this.#gapTold];
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#size = 0;
    this.#gapLines = 0;
    this.#gapTold = 0;
    this.#write(text, (error) => this.#written(error, lines, gapTold));
  }

  /** @param gapTold lost lines that the text told of: a later gap line tells of them when this one was not written */
  #written(error: Error | null | undefined, lines: number, gapTold: number): void {
    this.#underWay -= 1;
    this.#pausedUntil = error ? this.#clock.now() + PAUSE_AFTER_ERROR_MS : 0;
    if (error) {
      this.skip(lines);
      this.#gap += gapTold;
    } else {
      this.#tellGap();
    }
    this.#gather();
  }
}
