import type { LineWord } from "../core/monitor/format.js";
import { lineOf, type TraceEvent } from "../core/monitor/trace-event.js";
import type { Times } from "../log/times.js";
import type { LineQueue } from "./line-queue.js";

/** An event on its way to its subscribers. Subscribers of the same format share its line. */
export class RenderedEvent {
  readonly #event: TraceEvent;
  readonly #epochMs: number;
  readonly #times: Times;
  readonly #lines = new Map<string, string>();

  /** @param epochMs when it happened */
  constructor(event: TraceEvent, epochMs: number, times: Times) {
    this.#event = event;
    this.#epochMs = epochMs;
    this.#times = times;
  }

  /** The event in this format, without LF. */
  line(format: readonly LineWord[]): string {
    const key = format.join();
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const hasDate = format.includes("json") || format.includes("audit");
    const time = hasDate ? this.#times.iso(this.#epochMs) : this.#times.ofDay(this.#epochMs);
    const line = lineOf(this.#event, time, format);
    this.#lines.set(key, line);
    return line;
  }
}

/** A reader of messages: the console, an audit file, or a watcher, with its own format. */
export class Subscriber {
  readonly #queue: LineQueue;
  readonly #format: readonly LineWord[];

  constructor(queue: LineQueue, format: readonly LineWord[]) {
    this.#queue = queue;
    this.#format = format;
  }

  /** Whether it shows the parts of messages. */
  get decodes(): boolean {
    return this.#format.includes("decode");
  }

  /** Whether there is no room for another message: {@link skip} it. */
  get full(): boolean {
    return this.#queue.full;
  }

  show(event: RenderedEvent): void {
    this.push(event.line(this.#format));
  }

  /** Shows a line that is made already. */
  push(line: string): void {
    this.#queue.push(line, this.#format);
  }

  /** Leaves messages out, and counts them. */
  skip(messages = 1): void {
    this.#queue.skip(this.#format, messages);
  }
}
