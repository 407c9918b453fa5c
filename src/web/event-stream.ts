import type { ServerResponse } from "node:http";
import { LineQueue, MAX_WATCHER_WAITING } from "../monitor/line-queue.js";
import type { Clock, Timer } from "../system/clock.js";

export const KEEPALIVE_MS = 15_000; // proxies on the way close a silent connection after half a minute or more
export const RETRY_MS = 2000; // a browser that has lost the stream asks again after this time

/** A reply that goes on until the reader leaves. */
export interface LiveStream {
  /** Ends it behind what waits. */
  close(): void;
  /** The reader has gone: shows nothing more. */
  leave(): void;
}

/** What an event stream shows: lines of JSON. */
export interface EventSource {
  /** The lines that come first: what has happened already. There are some hundred at most. */
  past(): readonly string[];
  /** Puts lines into the queue, from now on until {@link stop}. */
  start(queue: LineQueue): void;
  stop(): void;
}

/**
 * Server-sent events (WHATWG HTML, section 9.2), each one line of JSON. A reader that is too slow misses some, and a line tells how many.
 */
export class EventStream implements LiveStream {
  readonly #response: ServerResponse;
  readonly #source: EventSource;
  readonly #clock: Clock;
  readonly #queue: LineQueue;
  #keepalive: Timer | undefined;

  /** @param response with its headers set; the stream writes the rest */
  constructor(response: ServerResponse, source: EventSource, clock: Clock) {
    this.#response = response;
    this.#source = source;
    this.#clock = clock;
    this.#queue = new LineQueue(
      (text, done) => response.write(Buffer.from(eventsOf(text)), done),
      clock,
      MAX_WATCHER_WAITING,
    );
    response.write(`retry: ${RETRY_MS}\n\n${source.past().map(eventOf).join("")}`);
    source.start(this.#queue);
    this.#keepAlive();
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
    this.#keepalive?.cancel();
  }

  /** Writes a comment now and then, unless bytes wait to be read: a reader that takes nothing counts as silent, and is cut off. */
  #keepAlive(): void {
    this.#keepalive = this.#clock.after(KEEPALIVE_MS, () => {
      if (this.#response.writableLength === 0) this.#response.write(":\n\n");
      this.#keepAlive();
    });
  }
}

function eventsOf(lines: string): string {
  return lines.trimEnd().split("\n").map(eventOf).join("");
}

function eventOf(line: string): string {
  return `data: ${line}\n\n`;
}
