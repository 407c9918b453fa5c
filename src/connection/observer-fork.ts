import type { Direction } from "../core/decode/direction.js";
import type { ByteObserver, ObservedPoint } from "../sockets/byte-observer.js";

/** Lets a point be observed that has an observer of its own, from the beginning to the end of the connection. */
export class ObserverFork implements ObservedPoint, ByteObserver {
  readonly #point: ObservedPoint;
  readonly #always: (direction: Direction, chunk: Buffer) => void;
  #other: ByteObserver | undefined;

  /** @param always sees all bytes. It parses nothing, never throws, and keeps no chunk. */
  constructor(point: ObservedPoint, always: (direction: Direction, chunk: Buffer) => void) {
    this.#point = point;
    this.#always = always;
    point.observer = this;
  }

  get observer(): ByteObserver | undefined {
    return this.#other;
  }

  set observer(observer: ByteObserver | undefined) {
    this.#other = observer;
    this.#point.observer = this; // which looks at takesLongChunks again
  }

  get takesLongChunks(): boolean {
    return this.#other?.takesLongChunks ?? true;
  }

  passed(direction: Direction, chunk: Buffer, drained: boolean): void {
    this.#always(direction, chunk);
    this.#other?.passed(direction, chunk, drained);
  }

  drained(direction: Direction): void {
    this.#other?.drained(direction);
  }

  ended(direction: Direction): void {
    this.#other?.ended(direction);
  }
}
