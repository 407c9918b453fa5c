import type { ServerResponse } from "node:http";
import type { WatchRequest } from "../core/setup/watch-request.js";
import { LineQueue, MAX_WATCHER_WAITING } from "../monitor/line-queue.js";
import type { Monitor, Watcher } from "../monitor/monitor.js";
import { Subscriber } from "../monitor/subscriber.js";
import type { Clock, Timer } from "../system/clock.js";

const LIFE_MS = 15_000; // proxies on the way give up a silent connection after half a minute or more
const RETRY_MS = 2000;

/** Messages as server-sent events (WHATWG HTML, section 9.2), a line of JSON each. Who reads slowly misses some, and is told how many. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #monitor: Monitor;
  readonly #clock: Clock;
  readonly #queue: LineQueue;
  readonly #watcher: Watcher;
  #life: Timer | undefined;

  /** @param response with its headers set; the rest is the stream's */
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
    this.#showLife();
  }

  /** Ends it, behind what it was to show already. */
  close(): void {
    this.leave();
    this.#queue.finish();
    this.#response.end();
  }

  /** It sees nothing more: its reader has gone. */
  leave(): void {
    this.#monitor.removeWatcher(this.#watcher);
    this.#life?.cancel();
  }

  /** A comment now and then, unless something waits to be read anyway: who does not read at all is then silent, and cut in the end. */
  #showLife(): void {
    this.#life = this.#clock.after(LIFE_MS, () => {
      if (this.#response.writableLength === 0) this.#response.write(":\n\n");
      this.#showLife();
    });
  }
}

function eventsOf(lines: string): string {
  const whole = lines.trimEnd().split("\n");
  return whole.map((line) => `data: ${line}\n\n`).join("");
}
