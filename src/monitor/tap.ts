import type { Direction } from "../core/decode/direction.js";
import type { Place, Shown, Source } from "../core/monitor/trace-event.js";
import type { Message, Sight, View } from "../core/monitor/view.js";
import type { Clock } from "../system/clock.js";
import { type Outlet, Telling } from "./subscriber.js";

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
  #sight: Sight;
  readonly #view: View;
  readonly #source: Source;
  readonly #owner: TapOwner;
  /** Of messages beyond those: how many wait, for whom. */
  readonly #beyond = new Map<Outlet, number>();
  #waiting: { readonly shown: Shown; readonly outlets: readonly Outlet[] }[] = [];

  constructor(direction: Direction, way: Way, sight: Sight, view: View, source: Source, owner: TapOwner) {
    this.#direction = direction;
    this.#way = way;
    this.#view = view;
    this.#sight = sight;
    this.#source = source;
    this.#owner = owner;
  }

  /** Bytes have come. `left`: they have been written on already. */
  pass(chunk: Buffer, left: boolean, outlets: readonly Outlet[]): void {
    if (left) this.left();
    if (chunk.length === 0) this.#see(this.#sight.push(chunk), left, outlets);
    for (let at = 0; at < chunk.length; at += SLICE) {
      const slice = chunk.subarray(at, at + SLICE);
      const messages = this.#sight.push(slice);
      this.#see(messages, left, outlets);
      const rest = chunk.length - at - slice.length;
      if (rest > 0 && messages.length * this.#view.leastBytes > SLICE) {
        this.#overlook(rest, outlets);
        return;
      }
    }
  }

  /** A flood of crumbs, each of which costs as much as a message: everybody would have to wait while they are looked at. */
  #overlook(bytes: number, outlets: readonly Outlet[]): void {
    this.#sight = this.#view.open()[this.#direction];
    const now = this.#owner.clock.epochMs();
    const telling = new Telling({ source: this.#source, overlooked: bytes }, now);
    for (const outlet of withRoom(outlets)) outlet.show(telling);
  }

  /** Everything that came has been written on. */
  left(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#owner.clock.epochMs();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { shown, outlets } of waiting) this.#show(withRoom(outlets), this.#way.left, shown, now);
    for (const [outlet, messages] of this.#beyond) outlet.skip(messages);
    this.#beyond.clear();
  }

  end(outlets: readonly Outlet[]): void {
    this.#see(this.#sight.end(), this.#waiting.length === 0, outlets);
  }

  #see(messages: readonly Message[], left: boolean, outlets: readonly Outlet[]): void {
    if (messages.length === 0) return;
    const now = this.#owner.clock.epochMs();
    const ready = withRoom(outlets, messages.length); // who has no room now has none before the next turn
    for (const message of messages) {
      const open = withRoom(ready);
      if (open.length === 0 && !this.#isVerified(message)) continue;
      const shown = this.#look(message, open);
      this.#show(open, this.#way.came, shown, now);
      if (left) this.#show(open, this.#way.left, shown, now);
      if (left || open.length === 0 || this.#way.left === undefined) continue;
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ shown, outlets: open });
      else for (const outlet of open) this.#beyond.set(outlet, (this.#beyond.get(outlet) ?? 0) + 1);
    }
  }

  /** Whether somebody is told if its checksum is wrong. */
  #isVerified({ junk }: Message): boolean {
    return this.#owner.onFault !== undefined && this.#view.verifies === true && junk === undefined;
  }

  #look(message: Message, outlets: readonly Outlet[]): Shown {
    const look = this.#view.look(message);
    const decoded = outlets.some(({ decodes }) => decodes) ? this.#view.decode?.(message, this.#direction) : undefined;
    const shown = { ...look, view: this.#view.name, ...(decoded && { decoded }) };
    if (message.junk !== undefined) return { ...shown, fault: `junk: ${look.fault}` };
    if (look.fault !== undefined && this.#way.came !== undefined && this.#isVerified(message)) {
      this.#owner.onFault?.(this.#source, shown);
    }
    return shown;
  }

  #show(outlets: readonly Outlet[], place: Place | undefined, shown: Shown, now: number): void {
    if (place === undefined) return;
    const telling = new Telling({ source: this.#source, place, shown }, now);
    for (const outlet of outlets) outlet.show(telling);
  }
}

/** Those that have room for a message; the others leave it out, or so many. */
function withRoom(outlets: readonly Outlet[], messages = 1): readonly Outlet[] {
  if (!outlets.some(({ full }) => full)) return outlets;
  return outlets.filter((outlet) => {
    const { full } = outlet;
    if (full) outlet.skip(messages);
    return !full;
  });
}

/** A stream through one view, and who sees it. */
interface Lane {
  readonly up: Strand;
  readonly down: Strand;
  outlets: readonly Outlet[];
}

/**
 * Looks on while bytes pass, and shows the messages in them to its outlets. It is told of bytes after they have been forwarded, and
 * changes, delays and keeps none of them; a fault in it ends the looking and nothing else.
 */
export class Tap {
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
  add(view: View, outlet: Outlet): void {
    const known = this.#lanes.get(view);
    if (known !== undefined) {
      if (!known.outlets.includes(outlet)) known.outlets = [...known.outlets, outlet];
      return;
    }
    const { up, down } = view.open();
    const strand = (direction: Direction, sight: Sight): Strand =>
      new Strand(direction, this.#places[direction], sight, view, this.#source, this.#owner);
    this.#lanes.set(view, { up: strand("up", up), down: strand("down", down), outlets: [outlet] });
  }

  remove(outlet: Outlet): void {
    for (const [view, lane] of this.#lanes) {
      lane.outlets = lane.outlets.filter((other) => other !== outlet);
      if (lane.outlets.length === 0) this.#lanes.delete(view);
    }
  }

  /**
   * Bytes have come and been forwarded.
   *
   * @param chunk lent for this call
   * @param left whether they have been written on, so far as the other side takes them; else {@link left} follows
   */
  pass(direction: Direction, chunk: Buffer, left: boolean): void {
    this.#guard((lane) => lane[direction].pass(chunk, left, lane.outlets));
  }

  /** Everything that came this way has been written on. */
  left(direction: Direction): void {
    this.#guard((lane) => lane[direction].left());
  }

  /** Nothing more comes this way. */
  end(direction: Direction): void {
    this.#guard((lane) => lane[direction].end(lane.outlets));
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
