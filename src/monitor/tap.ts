import type { Direction } from "../core/decode/direction.js";
import { type ByteEvent, sideOf } from "../core/monitor/byte-event.js";
import type { Hops } from "../core/monitor/hops.js";
import type { TraceSource } from "../core/monitor/trace-event.js";
import type { MessageParser, View } from "../core/monitor/view.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { ByteTrace } from "./byte-trace.js";
import { DirectionTrace, type TraceContext } from "./direction-trace.js";
import type { Subscriber } from "./subscriber.js";

/** A stream through one view, and its subscribers. */
interface ViewTrace {
  readonly up: DirectionTrace;
  readonly down: DirectionTrace;
  subscribers: readonly Subscriber[];
}

/** Shows the messages of a stream to its subscribers. A fault in it ends the monitoring of the stream, and nothing else. */
export class Tap implements ByteObserver {
  readonly #source: TraceSource;
  readonly #hops: Hops;
  readonly #context: TraceContext;
  readonly #traces = new Map<View, ViewTrace>();
  readonly #bytes: ByteTrace;

  constructor(source: TraceSource, hops: Hops, context: TraceContext) {
    this.#source = source;
    this.#hops = hops;
    this.#context = context;
    const side = sideOf(hops);
    this.#bytes = new ByteTrace(() => {
      const { connection, listener, client = "", server } = source;
      return { connection, listener, client, server, side };
    }, context);
  }

  /** Whether it has no subscriber. */
  get idle(): boolean {
    return this.#traces.size === 0 && this.#bytes.subscribers.length === 0;
  }

  /** Shows what passes from now on to this subscriber, too. */
  add(view: View, subscriber: Subscriber): void {
    const known = this.#traces.get(view);
    if (known !== undefined) {
      if (!known.subscribers.includes(subscriber)) known.subscribers = [...known.subscribers, subscriber];
      return;
    }
    const { up, down } = view.createParsers();
    const trace = (direction: Direction, parser: MessageParser): DirectionTrace =>
      new DirectionTrace(direction, this.#hops[direction], view, parser, this.#source, this.#context);
    this.#traces.set(view, { up: trace("up", up), down: trace("down", down), subscribers: [subscriber] });
  }

  /** Tells the bytes that pass from now on to this subscriber, too. @param open what it is told first */
  addBytes(subscriber: Subscriber, open: ByteEvent): void {
    const bytes = this.#bytes;
    if (bytes.subscribers.includes(subscriber)) return;
    bytes.subscribers = [...bytes.subscribers, subscriber];
    bytes.tell(open, [subscriber]);
  }

  remove(subscriber: Subscriber): void {
    this.#bytes.subscribers = this.#bytes.subscribers.filter((other) => other !== subscriber);
    for (const [view, trace] of this.#traces) {
      trace.subscribers = trace.subscribers.filter((other) => other !== subscriber);
      if (trace.subscribers.length === 0) this.#traces.delete(view);
    }
  }

  passed(direction: Direction, chunk: Buffer, drained: boolean): void {
    this.#bytes.passed(direction, chunk);
    this.#guard((trace) => trace[direction].passed(chunk, drained, trace.subscribers));
  }

  drained(direction: Direction): void {
    this.#guard((trace) => trace[direction].drained());
  }

  ended(direction: Direction): void {
    this.#bytes.ended(direction);
    this.#guard((trace) => trace[direction].ended(trace.subscribers));
  }

  #guard(tell: (trace: ViewTrace) => void): void {
    try {
      for (const trace of this.#traces.values()) tell(trace);
    } catch (error) {
      this.#traces.clear();
      this.#context.fault(error);
    }
  }
}
