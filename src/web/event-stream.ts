import type { ServerResponse } from "node:http";
import type { WatchRequest } from "../core/setup/watch-request.js";
import { LineQueue, MAX_WATCHER_WAITING } from "../monitor/line-queue.js";
import type { Monitor, Watcher } from "../monitor/monitor.js";
import { Subscriber } from "../monitor/subscriber.js";
import type { Clock, Timer } from "../system/clock.js";

const KEEPALIVE_MS = 15_000; // proxies on the way close a silent connection after half a minute or more
const RETRY_MS = 2000; // a browser that has lost the stream asks again after this time

/**
 * Messages as server-sent events (WHATWG HTML, section 9.2), each one line of JSON. A reader that is too slow misses some, and a line
 * tells how many.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #monitor: Monitor;
  readonly #clock: Clock;
  readonly #queue: LineQueue;
  readonly #watcher: Watcher;
  #keepalive: Timer | undefined;

  /** @param response with its headers set; the stream writes the rest */
  constructor(response: ServerResponse, { filter, view, format }: WatchRequest, monitor: Monitor, clock: Clock) {
    this.#response = response;
    this.#monitor = monitor;
    this.#clock = clock;
    this.#queue = new LineQueue(
      (text, done) => response.write(Buffer.from(eventsOf(text)), done),
      clock,
      MAX_WATCHER_WAITING,
    );
    this.#watcher = { filter, ...(view && { view }), subscriber: new Subscriber(this.#queue, format) };
    response.write(`retry: ${RETRY_MS}\n\n`);
    monitor.addWatcher(this.#watcher);
    this.#keepAlive();
  }

  /** Ends the stream behind the messages that wait. */
  close(): void {
    this.leave();
    this.#queue.finish();
    this.#response.end();
  }

  /** The reader has gone: shows nothing more. */
  leave(): void {
    this.#monitor.removeWatcher(this.#watcher);
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
  const whole = lines.trimEnd().split("\n");
  return whole.map((line) => `data: ${line}\n\n`).join("");
}
