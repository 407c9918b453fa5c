import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type EventFilter, isWanted } from "../core/events/event-filter.js";
import { EventRing, type NumberedEvent } from "../core/events/event-ring.js";
import type { FeedStatus } from "../core/events/feed-status.js";
import type { EventBus } from "../events/event-bus.js";
import type { Clock, Timer } from "../system/clock.js";
import { beginStream, type LiveStream } from "./live-stream.js";

const MAX_KEPT = 1000; // events, of some hundred bytes each
const KEEP_MS = 60_000; // after the last reader has gone: one that comes back asks within seconds
/** Memory for what one reader has not taken, in bytes. */
const MAX_UNSENT = 131_072;

/** The events of the daemon for readers of `/events`. It asks for none while nobody reads. */
export class EventFeed {
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ring = new EventRing(randomBytes(4).toString("hex"), MAX_KEPT);
  readonly #readers = new Set<FeedStream>();
  #leftOut = 0;
  #unsubscribe: (() => void) | undefined;
  /** Runs while the last events are kept for readers that may come back. */
  #forgetting: Timer | undefined;

  constructor(bus: EventBus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  get status(): FeedStatus {
    return { readers: this.#readers.size, leftOut: this.#leftOut };
  }

  /**
   * Shows events from now on.
   *
   * @param response with its headers set; the stream writes the rest
   * @param lastId the id of the last event that the reader has got, where it has been here before
   */
  open(response: ServerResponse, filter: EventFilter, lastId: string | undefined): LiveStream {
    const missed = lastId === undefined ? undefined : this.#ring.since(lastId);
    const stream = new FeedStream(response, filter, this.#ring, this.#clock, () => this.#left(stream));
    if (missed !== undefined) {
      stream.skip(missed.lost);
      for (const event of missed.kept) stream.show(event);
    }
    this.#readers.add(stream);
    this.#forgetting?.cancel();
    this.#forgetting = undefined;
    this.#unsubscribe ??= this.#bus.subscribe((event) => {
      const numbered = this.#ring.add(event);
      for (const reader of this.#readers) if (!reader.show(numbered)) this.#leftOut += 1;
    });
    return stream;
  }

  /** Asks for events no more. */
  close(): void {
    this.#forgetting?.cancel();
    this.#forgetting = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#ring.clear();
  }

  #left(stream: FeedStream): void {
    if (!this.#readers.delete(stream) || this.#readers.size > 0) return;
    this.#forgetting = this.#clock.after(KEEP_MS, () => this.close());
  }
}

/** The events that one reader wants, as server-sent events. A reader that is too slow misses some. */
class FeedStream implements LiveStream {
  readonly #response: ServerResponse;
  readonly #filter: EventFilter;
  readonly #ring: EventRing;
  readonly #left: () => void;
  readonly #endComments: () => void;
  /** What follows in the next pass of the event loop. */
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** Events left out since the last comment that told it. */
  #missed = 0;
  #isOver = false;

  constructor(response: ServerResponse, filter: EventFilter, ring: EventRing, clock: Clock, left: () => void) {
    this.#response = response;
    this.#filter = filter;
    this.#ring = ring;
    this.#left = left;
    this.#endComments = beginStream(response, clock);
    response.on("drain", () => this.#tellMissed());
  }

  /** Shows an event, if the reader wants it. @returns whether there was room for it */
  show(numbered: NumberedEvent): boolean {
    if (this.#isOver || !isWanted(this.#filter, numbered.event)) return true;
    if (this.#response.writableLength + this.#waitingBytes > MAX_UNSENT) {
      this.#missed += 1;
      return false;
    }
    this.#tellMissed();
    this.#write(`id: ${this.#ring.idOf(numbered)}\nevent: ${numbered.event.event}\ndata: ${numbered.json}\n\n`);
    return true;
  }

  /** So many events are left out. */
  skip(count: number): void {
    this.#missed += count;
    this.#tellMissed();
  }

  /** Ends the stream behind the events that wait. */
  close(): void {
    if (this.#isOver) return;
    this.#flush();
    this.leave();
    this.#response.end();
  }

  /** The reader has gone. */
  leave(): void {
    this.#isOver = true;
    this.#endComments();
    this.#left();
  }

  #tellMissed(): void {
    if (this.#missed === 0 || this.#isOver) return;
    const missed = this.#missed;
    this.#missed = 0;
    this.#write(`: ${missed} events left out\n\n`);
  }

  #write(text: string): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#isOver) return;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#response.write(Buffer.from(text));
  }
}
