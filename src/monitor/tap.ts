import type { Direction } from "../core/decode/direction.js";
import type { Place, Shown, Source } from "../core/monitor/trace-event.js";
import type { Message, MessageParser, View } from "../core/monitor/view.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import type { Clock } from "../system/clock.js";
import { RenderedEvent, type Subscriber } from "./subscriber.js";

/** What is told of messages that go one way: where they came from, where they have been written on to; nothing: not told. */
interface Way {
  readonly came?: Place;
  readonly left?: Place;
}

/** What can be seen of a stream, each way. */
export type Places = Readonly<Record<Direction, Way>>;

/** A client relayed to a server. */
export const RELAYED: Places = {
  up: { came: "CLIENT→PROXY", left: "PROXY→SERVER" },
  down: { came: "SERVER→PROXY", left: "PROXY→CLIENT" },
};
/** A client of a shared device: what becomes of its messages is seen on the links. */
export const CLIENT_SIDE: Places = { up: { came: "CLIENT→PROXY" }, down: { left: "PROXY→CLIENT" } };
/** A link to a shared device. */
export const SERVER_SIDE: Places = { up: { left: "PROXY→SERVER" }, down: { came: "SERVER→PROXY" } };

/** What a tap needs of the monitor it belongs to. */
export interface TapOwner {
  readonly clock: Clock;
  /** Told where a wrong message comes in, also when nobody has room to show it; without it such messages need no look. */
  readonly onFault?: (source: Source, shown: Shown) => void;
  fault(error: unknown): void;
}

/** Messages that were seen to come and wait to be written on: beyond so many only their coming is shown, and the rest is counted. */
const MAX_WAITING = 1000;

/** So much of a chunk is looked at before it is asked whether that is worth it. */
const SLICE = 1024;

/** One way of a stream, as one view shows it. */
class Strand {
  readonly #direction: Direction;
  readonly #way: Way;
  #parser: MessageParser;
  readonly #view: View;
  readonly #source: Source;
  readonly #owner: TapOwner;
  /** Of messages beyond those: how many wait, for whom. */
  readonly #beyond = new Map<Subscriber, number>();
  #waiting: { readonly shown: Shown; readonly subscribers: readonly Subscriber[] }[] = [];

  constructor(direction: Direction, way: Way, parser: MessageParser, view: View, source: Source, owner: TapOwner) {
    this.#direction = direction;
    this.#way = way;
    this.#view = view;
    this.#parser = parser;
    this.#source = source;
    this.#owner = owner;
  }

  /** Bytes have come. `left`: they have been written on already. */
  pass(chunk: Buffer, left: boolean, subscribers: readonly Subscriber[]): void {
    if (left) this.left();
    if (chunk.length === 0) this.#see(this.#parser.push(chunk), left, subscribers);
    for (let at = 0; at < chunk.length; at += SLICE) {
      const slice = chunk.subarray(at, at + SLICE);
      const messages = this.#parser.push(slice);
      this.#see(messages, left, subscribers);
      const rest = chunk.length - at - slice.length;
      if (rest > 0 && messages.length * this.#view.leastBytes > SLICE) {
        this.#overlook(rest, subscribers);
        return;
      }
    }
  }

  /** A flood of crumbs, each of which costs as much as a message: everybody would have to wait while they are looked at. */
  #overlook(bytes: number, subscribers: readonly Subscriber[]): void {
    this.#parser = this.#view.open()[this.#direction];
    const now = this.#owner.clock.epochMs();
    const telling = new RenderedEvent({ source: this.#source, overlooked: bytes }, now);
    for (const subscriber of withRoom(subscribers)) subscriber.show(telling);
  }

  /** Everything that came has been written on. */
  left(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#owner.clock.epochMs();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { shown, subscribers } of waiting) this.#show(withRoom(subscribers), this.#way.left, shown, now);
    for (const [subscriber, messages] of this.#beyond) subscriber.skip(messages);
    this.#beyond.clear();
  }

  end(subscribers: readonly Subscriber[]): void {
    this.#see(this.#parser.end(), this.#waiting.length === 0, subscribers);
  }

  #see(messages: readonly Message[], left: boolean, subscribers: readonly Subscriber[]): void {
    if (messages.length === 0) return;
    const now = this.#owner.clock.epochMs();
    const ready = withRoom(subscribers, messages.length); // who has no room now has none before the next turn
    for (const message of messages) {
      const open = withRoom(ready);
      if (open.length === 0 && !this.#isVerified(message)) continue;
      const shown = this.#look(message, open);
      this.#show(open, this.#way.came, shown, now);
      if (left) this.#show(open, this.#way.left, shown, now);
      if (left || open.length === 0 || this.#way.left === undefined) continue;
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ shown, subscribers: open });
      else for (const subscriber of open) this.#beyond.set(subscriber, (this.#beyond.get(subscriber) ?? 0) + 1);
    }
  }

  /** Whether somebody is told if its checksum is wrong. */
  #isVerified({ junk }: Message): boolean {
    return this.#owner.onFault !== undefined && this.#view.verifies === true && junk === undefined;
  }

  #look(message: Message, subscribers: readonly Subscriber[]): Shown {
    const look = this.#view.render(message);
    const decoded = subscribers.some(({ decodes }) => decodes)
      ? this.#view.decode?.(message, this.#direction)
      : undefined;
    const shown = { ...look, view: this.#view.name, ...(decoded && { decoded }) };
    if (message.junk !== undefined) return { ...shown, fault: `junk: ${look.fault}` };
    if (look.fault !== undefined && this.#way.came !== undefined && this.#isVerified(message)) {
      this.#owner.onFault?.(this.#source, shown);
    }
    return shown;
  }

  #show(subscribers: readonly Subscriber[], place: Place | undefined, shown: Shown, now: number): void {
    if (place === undefined) return;
    const telling = new RenderedEvent({ source: this.#source, place, shown }, now);
    for (const subscriber of subscribers) subscriber.show(telling);
  }
}

/** Those that have room for a message; the others leave it out, or so many. */
function withRoom(subscribers: readonly Subscriber[], messages = 1): readonly Subscriber[] {
  if (!subscribers.some(({ full }) => full)) return subscribers;
  return subscribers.filter((subscriber) => {
    const { full } = subscriber;
    if (full) subscriber.skip(messages);
    return !full;
  });
}

/** A stream through one view, and who sees it. */
interface Lane {
  readonly up: Strand;
  readonly down: Strand;
  subscribers: readonly Subscriber[];
}

/**
 * Looks on while bytes pass, and shows the messages in them to its outlets. It is told of bytes after they have been forwarded, and
 * changes, delays and keeps none of them; a fault in it ends the looking and nothing else.
 */
export class Tap implements ByteObserver {
  readonly #source: Source;
  readonly #places: Places;
  readonly #owner: TapOwner;
  /** By view. */
  readonly #lanes = new Map<View, Lane>();

  constructor(source: Source, places: Places, owner: TapOwner) {
    this.#source = source;
    this.#places = places;
    this.#owner = owner;
  }

  /** Whether nobody sees it. */
  get idle(): boolean {
    return this.#lanes.size === 0;
  }

  /** Shows what passes from now on to one more. */
  add(view: View, subscriber: Subscriber): void {
    const known = this.#lanes.get(view);
    if (known !== undefined) {
      if (!known.subscribers.includes(subscriber)) known.subscribers = [...known.subscribers, subscriber];
      return;
    }
    const { up, down } = view.open();
    const strand = (direction: Direction, parser: MessageParser): Strand =>
      new Strand(direction, this.#places[direction], parser, view, this.#source, this.#owner);
    this.#lanes.set(view, { up: strand("up", up), down: strand("down", down), subscribers: [subscriber] });
  }

  remove(subscriber: Subscriber): void {
    for (const [view, lane] of this.#lanes) {
      lane.subscribers = lane.subscribers.filter((other) => other !== subscriber);
      if (lane.subscribers.length === 0) this.#lanes.delete(view);
    }
  }

  passed(direction: Direction, chunk: Buffer, drained: boolean): void {
    this.#guard((lane) => lane[direction].pass(chunk, drained, lane.subscribers));
  }

  drained(direction: Direction): void {
    this.#guard((lane) => lane[direction].left());
  }

  ended(direction: Direction): void {
    this.#guard((lane) => lane[direction].end(lane.subscribers));
  }

  #guard(look: (lane: Lane) => void): void {
    try {
      for (const lane of this.#lanes.values()) look(lane);
    } catch (error) {
      this.#lanes.clear();
      this.#owner.fault(error);
    }
  }
}
