import type { ServerResponse } from "node:http";
import { LineQueue, MAX_WATCHER_WAITING } from "../monitor/line-queue.js";
import type { Clock } from "../system/clock.js";
import { beginStream, type LiveStream } from "./live-stream.js";

/** Lines of JSON, as they are made. */
export interface LineSource {
  /** The lines that come first: what has happened already. There are some hundred at most. */
  past(): readonly string[];
  /** Puts lines into the queue, from now on until {@link stop}. */
  start(queue: LineQueue): void;
  stop(): void;
}

/** Lines of JSON as server-sent events. A reader that is too slow misses some, and a line tells how many. */
export class LineStream implements LiveStream {
  readonly #response: ServerResponse;
  readonly #source: LineSource;
  readonly #queue: LineQueue;
  readonly #endComments: () => void;

  /** @param response with its headers set; the stream writes the rest */
  constructor(response: ServerResponse, source: LineSource, clock: Clock) {
    this.#response = response;
    this.#source = source;
    this.#queue = new LineQueue(
      (text, done) => response.write(Buffer.from(eventsOf(text)), done),
      clock,
      MAX_WATCHER_WAITING,
    );
    this.#endComments = beginStream(response, clock, source.past().map(eventOf).join(""));
    source.start(this.#queue);
  }

  /** Ends the stream behind the lines that wait. */
  close(): void {
    if (this.#response.writableEnded) return;
    this.leave();
    this.#queue.finish();
    this.#response.end();
  }

  /** The reader has gone: shows nothing more. */
  leave(): void {
    this.#source.stop();
    this.#endComments();
  }
}

function eventsOf(lines: string): string {
  return lines.trimEnd().split("\n").map(eventOf).join("");
}

function eventOf(line: string): string {
  return `data: ${line}\n\n`;
}
