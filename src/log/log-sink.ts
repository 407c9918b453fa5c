import { close, constants, openSync } from "node:fs";
import { Writable } from "node:stream";
import { unblocked, writeFully } from "../system/write-fully.js";

const STDERR = 2;
const MAX_WAITING_SIZE = 1_048_576; // a disk that hangs for seconds costs no lines, one that hangs for good costs no memory
const PAUSE_AFTER_ERROR_MS = 1000;
const GATHER_MS = 20; // lines of so long go out in one write: a write for each costs more than all else of a short connection
/** A pipe without a reader is an error, not something to wait for. */
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK;

/** What a sink tells its owner about itself. */
export interface SinkEvents {
  /** Lines are being lost; told once per outage. */
  failed(error: Error): void;
  /** Lines can be written again, after so many were lost. */
  recovered(lost: number): void;
}

function open(path: string): number {
  return path === "-" ? unblocked(STDERR) : openSync(path, APPEND);
}

/**
 * Where the lines of the log go: a file that is appended to, or stderr. Never blocks the daemon and never fails it: lines
 * that cannot be written are dropped and counted.
 */
export class LogSink extends Writable {
  #path: string;
  readonly #events: SinkEvents;
  #fd: number;
  #waiting: string[] = [];
  #waitingSize = 0;
  #writing = false;
  #lost = 0;
  /** Lines lost in the outage that is going on; 0: none is. */
  #outage = 0;
  #pausedUntil = 0;
  readonly #retired: number[] = [];

  /**
   * @param path a file name; `-`: stderr
   * @throws when the file cannot be opened for appending
   */
  constructor(path: string, events: SinkEvents) {
    super();
    this.#path = path;
    this.#events = events;
    this.#fd = open(path);
  }

  /** Where they go. */
  get path(): string {
    return this.#path;
  }

  /** Lines that could not be written since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether everything has been written, or lost. */
  get idle(): boolean {
    return !this.#writing && this.#waiting.length === 0;
  }

  /**
   * Opens the file anew by its name, after it was moved away or removed; or another one.
   *
   * @param path a file name; `-`: stderr
   * @throws when that fails; the old file stays in use then
   */
  reopen(path: string): void {
    const fd = open(path);
    if (this.#fd !== STDERR) this.#retired.push(this.#fd);
    this.#path = path;
    this.#fd = fd;
    this.#pausedUntil = 0;
    if (!this.#writing) this.#closeRetired();
  }

  /** Takes a line, at once: it has no use for the queue that a stream keeps, and the log is written with every connection. */
  override write(chunk: unknown): boolean {
    const line = String(chunk);
    if (Date.now() < this.#pausedUntil || this.#waitingSize + line.length > MAX_WAITING_SIZE) {
      this.#lose(1);
    } else {
      this.#waiting.push(line);
      this.#waitingSize += line.length;
      if (!this.#writing) this.#gather();
    }
    return true;
  }

  #gather(): void {
    this.#writing = true;
    setTimeout(() => this.#writeWaiting(), GATHER_MS);
  }

  #writeWaiting(): void {
    const lines = this.#waiting.length;
    const batch = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#waitingSize = 0;
    this.#write(batch, lines);
  }

  #write(batch: Buffer, lines: number): void {
    writeFully(this.#fd, batch, (error) => {
      this.#writing = false;
      this.#closeRetired();
      if (error !== null) {
        if (this.#outage === 0) this.#events.failed(error);
        this.#pausedUntil = Date.now() + PAUSE_AFTER_ERROR_MS;
        this.#lose(lines);
      } else if (this.#outage > 0) {
        const lost = this.#outage;
        this.#outage = 0;
        this.#events.recovered(lost);
      }
      if (this.#waiting.length > 0 && !this.#writing) this.#gather();
    });
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.#outage += lines;
  }

  #closeRetired(): void {
    for (const fd of this.#retired.splice(0)) close(fd, () => {});
  }
}
