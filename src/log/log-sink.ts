import { Writable } from "node:stream";
import type { Clock } from "../system/clock.js";
import { type GapLine, LineWriter } from "./line-writer.js";
import { type LogFile, type LogPlace, openLogFile } from "./log-file.js";

/** What a sink tells its owner. */
export interface SinkEvents {
  /** Lines cannot be written, and are lost. Told once, until a line can be written again. */
  failed(error: Error): void;
  /** The line that stands where lines are missing. */
  readonly gapLine: GapLine;
}

/** The target of the log: a file that is appended to, and rotates where that is wanted, or stderr. Never blocks the daemon, and never fails it. */
export class LogSink extends Writable {
  #place: LogPlace;
  readonly #events: SinkEvents;
  readonly #lines: LineWriter;
  #file: LogFile;
  #writing = false;
  #failing = false;
  /** Former files, to be closed when the write under way has ended. */
  readonly #retired: LogFile[] = [];

  /** @throws when the file cannot be opened for appending */
  constructor(place: LogPlace, clock: Clock, events: SinkEvents) {
    super();
    this.#place = place;
    this.#events = events;
    this.#lines = new LineWriter((text, done) => this.#append(text, done), clock, events.gapLine);
    this.#file = openLogFile(place);
  }

  get place(): LogPlace {
    return this.#place;
  }

  /** Lines that could not be written since the start. */
  get lost(): number {
    return this.#lines.lost;
  }

  /** Whether every line has been written, or lost. */
  get idle(): boolean {
    return this.#lines.idle;
  }

  /**
   * Opens the file anew by its name, after somebody has moved or removed it; or opens another file, or obeys other limits.
   *
   * @throws when the file cannot be opened; the old file stays in use then
   */
  reopen(place: LogPlace): void {
    const file = openLogFile(place);
    this.#retired.push(this.#file);
    this.#place = place;
    this.#file = file;
    this.#lines.retry();
    if (!this.#writing) this.#closeRetired();
  }

  /**
   * Takes a line, without its LF. It replaces the method of the stream, and with it the queue of the stream: that one costs time
   * with every line.
   */
  override write(line: unknown): boolean {
    if (this.#lines.full) this.#lines.skip();
    else this.#lines.push(String(line));
    return true;
  }

  #append(text: string, done: (error?: Error | null) => void): void {
    this.#writing = true;
    this.#file.write(text, (error) => {
      this.#writing = false;
      this.#closeRetired();
      if (error && !this.#failing) this.#events.failed(error);
      this.#failing = Boolean(error);
      done(error);
    });
  }

  #closeRetired(): void {
    for (const file of this.#retired.splice(0)) file.close();
  }
}
