import type { FormatWord } from "../core/monitor/format.js";
import { lineOf, type TraceEvent } from "../core/monitor/trace-event.js";
import { timeOfDay } from "../log/time-of-day.js";
import type { LineQueue } from "./line-queue.js";

/** A sighting on its way to those who see it: it is put into a line once for all who have it in the same format. */
export class RenderedEvent {
  readonly #event: TraceEvent;
  readonly #epochMs: number;
  readonly #lines = new Map<string, string>();

  constructor(event: TraceEvent, epochMs: number) {
    this.#event = event;
    this.#epochMs = epochMs;
  }

  line(format: readonly FormatWord[]): string {
    const key = format.join();
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const time = format.includes("json") ? new Date(this.#epochMs).toISOString() : timeOfDay(this.#epochMs);
    const line = lineOf(this.#event, time, format);
    this.#lines.set(key, line);
    return line;
  }
}

/** Somebody who sees messages: their lines, in a format of its own, on their way to a terminal, a file, a program. */
export class Subscriber {
  readonly #queue: LineQueue;
  readonly #format: readonly FormatWord[];

  constructor(queue: LineQueue, format: readonly FormatWord[]) {
    this.#queue = queue;
    this.#format = format;
  }

  /** Whether it shows the parts of messages. */
  get decodes(): boolean {
    return this.#format.includes("decode");
  }

  /** Whether there is no room for another message: it is to be left out by {@link skip}. */
  get full(): boolean {
    return this.#queue.full;
  }

  show(telling: RenderedEvent): void {
    this.#queue.push(telling.line(this.#format), this.#format);
  }

  /** Messages are left out, and counted. */
  skip(messages = 1): void {
    this.#queue.skip(this.#format, messages);
  }
}
