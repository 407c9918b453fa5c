import type { Direction } from "../core/decode/direction.js";
import type { DirectionHops, Hop } from "../core/monitor/hops.js";
import type { RenderedMessage, TraceSource } from "../core/monitor/trace-event.js";
import type { Message, MessageParser, View } from "../core/monitor/view.js";
import type { Times } from "../log/times.js";
import type { Clock } from "../system/clock.js";
import { RenderedEvent, type Subscriber } from "./subscriber.js";

/** What a trace needs of the monitor. */
export interface TraceContext {
  readonly clock: Clock;
  readonly times: Times;
  /** Called for each message that comes in with a wrong checksum, even when no subscriber has room. Absent: nobody is alerted. */
  readonly onBadChecksum?: (source: TraceSource, message: RenderedMessage) => void;
  fault(error: unknown): void;
}

/** Most messages that wait to be sent on. Of a further one only the arrival is shown; that it is sent on counts as not shown. */
const MAX_UNSENT = 1000;

/** Bytes that are parsed before it is checked whether they are a flood of tiny messages. */
const SLICE = 1024;

/** The messages of one direction of a stream, as one view shows them. */
export class DirectionTrace {
  readonly #direction: Direction;
  readonly #hops: DirectionHops;
  readonly #view: View;
  #parser: MessageParser;
  readonly #source: TraceSource;
  readonly #context: TraceContext;
  /** Messages that have come in and are not sent on yet, each with the subscribers that have seen it. */
  #unsent: { readonly message: RenderedMessage; readonly subscribers: readonly Subscriber[] }[] = [];
  /** Messages beyond {@link MAX_UNSENT}: their number for each subscriber. */
  readonly #beyond = new Map<Subscriber, number>();

  constructor(
    direction: Direction,
    hops: DirectionHops,
    view: View,
    parser: MessageParser,
    source: TraceSource,
    context: TraceContext,
  ) {
    this.#direction = direction;
    this.#hops = hops;
    this.#view = view;
    this.#parser = parser;
    this.#source = source;
    this.#context = context;
  }

  /**
   * Bytes have come in.
   *
   * @param drained whether they have been sent on already
   */
  passed(chunk: Buffer, drained: boolean, subscribers: readonly Subscriber[]): void {
    if (drained) this.drained();
    if (chunk.length === 0) this.#trace(this.#parser.push(chunk), drained, subscribers);
    for (let at = 0; at < chunk.length; at += SLICE) {
      const slice = chunk.subarray(at, at + SLICE);
      const messages = this.#parser.push(slice);
      this.#trace(messages, drained, subscribers);
      const rest = chunk.length - at - slice.length;
      if (rest > 0 && messages.length * this.#view.minMessageBytes > SLICE) {
        this.#skip(rest, subscribers);
        return;
      }
    }
  }

  /** Everything that came in has been sent on. */
  drained(): void {
    if (this.#unsent.length === 0) return;
    const now = this.#context.clock.epochMs();
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const { message, subscribers } of unsent) this.#show(withRoom(subscribers), this.#hops.sent, message, now);
    for (const [subscriber, messages] of this.#beyond) subscriber.skip(messages);
    this.#beyond.clear();
  }

  /** Nothing more comes in. */
  ended(subscribers: readonly Subscriber[]): void {
    this.#trace(this.#parser.end(), this.#unsent.length === 0, subscribers);
  }

  /** Skips the rest of a flood of tiny messages: each costs as much as a whole one, and every other connection would wait. */
  #skip(bytes: number, subscribers: readonly Subscriber[]): void {
    this.#parser = this.#view.createParsers()[this.#direction];
    const { clock, times } = this.#context;
    const event = new RenderedEvent({ kind: "skipped", source: this.#source, bytes }, clock.epochMs(), times);
    for (const subscriber of withRoom(subscribers)) subscriber.show(event);
  }

  #trace(messages: readonly Message[], drained: boolean, subscribers: readonly Subscriber[]): void {
    if (messages.length === 0) return;
    const now = this.#context.clock.epochMs();
    const ready = withRoom(subscribers, messages.length); // a full subscriber gets no room before the next turn
    for (const message of messages) {
      const shownTo = withRoom(ready);
      if (shownTo.length === 0 && !this.#isVerified(message)) continue;
      const rendered = this.#render(message, shownTo);
      this.#show(shownTo, this.#hops.received, rendered, now);
      if (drained) this.#show(shownTo, this.#hops.sent, rendered, now);
      else if (shownTo.length > 0 && this.#hops.sent !== undefined) this.#keep(rendered, shownTo);
    }
  }

  /** Keeps a message until it is sent on. */
  #keep(message: RenderedMessage, subscribers: readonly Subscriber[]): void {
    if (this.#unsent.length < MAX_UNSENT) this.#unsent.push({ message, subscribers });
    else for (const subscriber of subscribers) this.#beyond.set(subscriber, (this.#beyond.get(subscriber) ?? 0) + 1);
  }

  /** Whether a wrong checksum of this message is worth an alert. */
  #isVerified({ junk }: Message): boolean {
    return this.#context.onBadChecksum !== undefined && this.#view.hasChecksums === true && junk === undefined;
  }

  #render(message: Message, subscribers: readonly Subscriber[]): RenderedMessage {
    const rendering = this.#view.render(message);
    const decoded = subscribers.some(({ decodes }) => decodes)
      ? this.#view.decode?.(message, this.#direction)
      : undefined;
    const rendered = { ...rendering, view: this.#view.name, ...(decoded && { decoded }) };
    if (message.junk !== undefined) return { ...rendered, fault: `junk: ${rendering.fault}` };
    if (rendering.fault !== undefined && this.#hops.received !== undefined && this.#isVerified(message)) {
      this.#context.onBadChecksum?.(this.#source, rendered);
    }
    return rendered;
  }

  #show(subscribers: readonly Subscriber[], hop: Hop | undefined, message: RenderedMessage, now: number): void {
    if (hop === undefined) return;
    const event = new RenderedEvent({ kind: "message", source: this.#source, hop, message }, now, this.#context.times);
    for (const subscriber of subscribers) subscriber.show(event);
  }
}

/** The subscribers that have room. The others skip this many messages. */
function withRoom(subscribers: readonly Subscriber[], messages = 1): readonly Subscriber[] {
  if (!subscribers.some(({ full }) => full)) return subscribers;
  return subscribers.filter((subscriber) => {
    const { full } = subscriber;
    if (full) subscriber.skip(messages);
    return !full;
  });
}
