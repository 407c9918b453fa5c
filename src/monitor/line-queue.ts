import type { LineWord } from "../core/monitor/format.js";
import { gapLine } from "../core/monitor/trace-event.js";
import { LineWriter, type WriteText } from "../log/line-writer.js";
import { Times } from "../log/times.js";
import type { Clock } from "../system/clock.js";

/**
 * Memory for lines that wait for one watcher, in bytes. It is small, since there can be many watchers: a watcher that reads gets its lines 50
 * times a second.
 */
export const MAX_WATCHER_WAITING = 131_072;

/** The same for a watcher of bytes: a read of 64 KiB takes four times as much in hexadecimal, and a capture has to keep some of them. */
export const MAX_BYTES_WAITING = 1_048_576;

/** Lines of a monitor on their way to one console, file or watcher. Subscribers of different formats may share it. */
export class LineQueue {
  readonly #writer: LineWriter;
  /** Format of the last line: a gap is told in it. */
  #format: readonly LineWord[] = [];

  /**
   * @param maxWaiting bytes of memory that waiting lines may take; default: that of {@link LineWriter}
   * @param times writes the times of audit files
   */
  constructor(write: WriteText, clock: Clock, maxWaiting?: number, times = new Times()) {
    const gap = (lost: number): string => gapLine(lost, this.#format, times.iso(clock.epochMs()));
    this.#writer = new LineWriter(write, clock, gap, maxWaiting);
  }

  /** Messages that were left out since the start. */
  get lost(): number {
    return this.#writer.lost;
  }

  /** Whether there is no room for another message: {@link skip} it. */
  get full(): boolean {
    return this.#writer.full;
  }

  /** Whether every line has been written, or lost. */
  get idle(): boolean {
    return this.#writer.idle;
  }

  push(line: string, format: readonly LineWord[]): void {
    this.#writer.push(line);
    this.#format = format;
  }

  /** Leaves messages out, and counts them. */
  skip(format: readonly LineWord[], messages = 1): void {
    this.#format = format;
    this.#writer.skip(messages);
  }

  /** Writes what waits at once, because its reader is about to go. */
  finish(): void {
    this.#writer.finish();
  }
}
