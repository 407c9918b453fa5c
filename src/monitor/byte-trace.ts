import type { Direction } from "../core/decode/direction.js";
import { type ByteEvent, byteLineOf, type StreamName } from "../core/monitor/byte-event.js";
import type { Times } from "../log/times.js";
import type { Clock } from "../system/clock.js";
import type { Subscriber } from "./subscriber.js";

/** The bytes of a stream, for watchers that asked for bytes (BYTE). Nothing is parsed. */
export class ByteTrace {
  subscribers: readonly Subscriber[] = [];
  readonly #ended = new Set<Direction>();
  readonly #name: () => StreamName;
  readonly #context: { readonly clock: Clock; readonly times: Times };

  /** @param name returns the stream as it is called now: the client of a shared link changes */
  constructor(name: () => StreamName, context: { readonly clock: Clock; readonly times: Times }) {
    this.#name = name;
    this.#context = context;
  }

  passed(direction: Direction, bytes: Buffer): void {
    if (this.subscribers.length > 0) this.tell({ kind: "bytes", direction, bytes });
  }

  ended(direction: Direction): void {
    if (this.#ended.has(direction)) return;
    this.#ended.add(direction);
    this.tell({ kind: "end", direction });
  }

  /** Tells an event to those who have room; the others get a gap. */
  tell(event: ByteEvent, subscribers = this.subscribers): void {
    let line: string | undefined;
    for (const subscriber of subscribers) {
      if (subscriber.full) subscriber.skip();
      else {
        line ??= byteLineOf(event, this.#name(), this.#context.times.iso(this.#context.clock.epochMs()));
        subscriber.push(line);
      }
    }
  }
}
