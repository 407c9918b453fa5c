import type { FormatWord } from "../core/monitor/format.js";
import { lineOf, type Sighting } from "../core/monitor/sighting.js";
import { timeOfDay } from "../time-of-day.js";
import type { LineQueue } from "./line-queue.js";

/** Somebody who sees messages: their lines, in a format of its own, on their way to a terminal, a file, a program. */
export class Outlet {
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

  show(sighting: Sighting, epochMs: number): void {
    const time = this.#format.includes("json") ? new Date(epochMs).toISOString() : timeOfDay(epochMs);
    this.#queue.push(lineOf(sighting, time, this.#format));
  }

  /** Messages are left out, and counted. */
  skip(messages = 1): void {
    this.#queue.skip(this.#format, messages);
  }
}
