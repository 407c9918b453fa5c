import type { WatchRequest } from "../core/setup/watch-request.js";
import type { WriteText } from "../log/line-writer.js";
import { type End, endedBy } from "../sockets/end.js";
import { UnreadLimit } from "../sockets/unread-limit.js";
import type { Clock } from "../system/clock.js";
import { LineQueue, MAX_WATCHER_WAITING } from "./line-queue.js";
import type { Monitor, Watcher } from "./monitor.js";
import { Subscriber } from "./subscriber.js";

const UNREAD_MS = 60_000; // somebody may halt a terminal to read; after so long it is forgotten

/** What watching tells the connection it belongs to. */
export interface WatchSessionOwner {
  /** The client has gone, for this reason. */
  over(reason: string): void;
  fault(error: unknown): void;
}

/** A client that sees messages until it leaves (WTCH). One that reads slowly misses some, and is told how many. */
export class WatchSession {
  readonly #monitor: Monitor;
  readonly #watcher: Watcher;
  readonly #queue: LineQueue;
  readonly #unread: UnreadLimit;

  constructor(
    client: End,
    { filter, view, format }: WatchRequest,
    monitor: Monitor,
    clock: Clock,
    owner: WatchSessionOwner,
  ) {
    let taken = (): void => {};
    const unread = new UnreadLimit(client, UNREAD_MS, clock, (reason) => owner.over(`client ${reason}`));
    const write: WriteText = (text, done) => {
      unread.write(text);
      taken = done;
      if (client.unsent === 0) done();
    };
    const queue = new LineQueue(write, clock, MAX_WATCHER_WAITING);
    this.#unread = unread;
    this.#monitor = monitor;
    this.#queue = queue;
    this.#watcher = { filter, ...(view !== undefined && { view }), subscriber: new Subscriber(queue, format) };
    client.events = {
      data() {}, // what it says now means nothing
      eof: () => owner.over(endedBy("client")), // it might read on, but nobody could tell when it has stopped
      drained: () => {
        unread.stop();
        taken();
      },
      finished() {},
      closed: (error) => owner.over(endedBy("client", error)),
      fault: (error) => owner.fault(error),
    };
    client.resume();
    monitor.addWatcher(this.#watcher);
  }

  /** It sees nothing more than what it was to see already. */
  close(): void {
    this.#monitor.removeWatcher(this.#watcher);
    this.#queue.finish();
    this.#unread.stop();
  }
}
