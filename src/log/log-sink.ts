import { close, constants, openSync } from "node:fs";
import { Writable } from "node:stream";
import type { Clock } from "../system/clock.js";
import { unblocked, writeFully } from "../system/write-fully.js";
import { type GapLine, LineWriter } from "./line-writer.js";

const STDERR = 2;
/** O_NONBLOCK: a pipe without a reader is an error, not something to wait for. */
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK;

/** What a sink tells its owner. */
export interface SinkEvents {
  /** Lines cannot be written, and are lost. Told once, until a line can be written again. */
  failed(error: Error): void;
  /** The line that stands where lines are missing. */
  readonly gapLine: GapLine;
}

function open(path: string): number {
  return path === "-" ? unblocked(STDERR) : openSync(path, APPEND);
}

/** The target of the log: a file that is appended to, or stderr. Never blocks the daemon, and never fails it. */
export class LogSink extends Writable {
  #path: string;
  readonly #events: SinkEvents;
  readonly #lines: LineWriter;
  #fd: number;
  #writing = false;
  #failing = false;
  /** Descriptors of former files, to be closed when the write under way has ended. */
  readonly #retired: number[] = [];

  /**
   * @param path a file name; `-`: stderr
   * @throws when the file cannot be opened for appending
   */
  constructor(path: string, clock: Clock, events: SinkEvents) {
    super();
    this.#path = path;
    this.#events = events;
    this.#lines = new LineWriter((text, done) => this.#append(text, done), clock, events.gapLine);
    this.#fd = open(path);
  }

  /** The file name; `-`: stderr. */
  get path(): string {
    return this.#path;
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
   * Opens the file anew by its name, after somebody has moved or removed it; or opens another file.
   *
   * @param path a file name; `-`: stderr
   * @throws when the file cannot be opened; the old file stays in use then
   */
  reopen(path: string): void {
    const fd = open(path);
    if (this.#fd !== STDERR) this.#retired.push(this.#fd);
    this.#path = path;
    this.#fd = fd;
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

  #append(text: string, done: (error: Error | null) => void): void {
    this.#writing = true;
    writeFully(this.#fd, Buffer.from(text), (error) => {
      this.#writing = false;
      this.#closeRetired();
      if (error !== null && !this.#failing) this.#events.failed(error);
      this.#failing = error !== null;
      done(error);
    });
  }

  #closeRetired(): void {
    for (const fd of this.#retired.splice(0)) close(fd, () => {});
  }
}
