import type { WatchRequest } from "../core/setup/watch-request.js";
import type { WriteText } from "../log/line-writer.js";
import { type End, endedBy } from "../sockets/end.js";
import { UnreadLimit } from "../sockets/unread-limit.js";
import type { Clock } from "../system/clock.js";
import { LineQueue, MAX_BYTES_WAITING, MAX_WATCHER_WAITING } from "./line-queue.js";
import type { Monitor, Watcher } from "./monitor.js";
import { Subscriber } from "./subscriber.js";

const UNREAD_MS = 60_000; // a person may halt the terminal to read; after a minute it counts as forgotten

/** What a watch session tells its connection. */
export interface WatchSessionOwner {
  /** The client has gone, or is to be closed, for this reason. */
  over(reason: string): void;
  fault(error: unknown): void;
}

/** A client that watches messages until it leaves (WTCH). A client that is too slow misses some, and a line tells how many. */
export class WatchSession {
  readonly #monitor: Monitor;
  readonly #watcher: Watcher;
  readonly #queue: LineQueue;
  readonly #unread: UnreadLimit;

  constructor(
    client: End,
    { filter, view, format, bytes }: WatchRequest,
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
    const queue = new LineQueue(write, clock, bytes ? MAX_BYTES_WAITING : MAX_WATCHER_WAITING);
    this.#unread = unread;
    this.#monitor = monitor;
    this.#queue = queue;
    const subscriber = new Subscriber(queue, bytes ? ["json"] : format);
    this.#watcher = { filter, ...(view !== undefined && { view }), ...(bytes && { bytes }), subscriber };
    client.events = {
      data() {}, // a watching client has no more commands
      eof: () => owner.over(endedBy("client")), // a client behind its FIN might read on, but nothing would show when it stops
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

  /** Ends the session: the client gets the messages that wait, and no more. */
  close(): void {
    this.#monitor.removeWatcher(this.#watcher);
    this.#queue.finish();
    this.#unread.stop();
  }
}
