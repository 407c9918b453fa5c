import { Deque } from "../core/collections/deque.js";
import { SlicedLoop } from "./sliced-loop.js";

/** Told when rounds fall behind: whoever starts rounds stops until they have caught up. */
export interface RoundsOwner {
  /** Called after each slice of time that has left rounds unfinished. */
  late(): void;
  /** All rounds are finished, after a call of {@link late}. */
  caughtUp(): void;
}

/**
 * Rounds do something for each item of a collection, for example send a message to each of 5000 clients. They run one after the other
 * in a {@link SlicedLoop}: a short round is over when {@link begin} returns, a long one continues in later passes of the event loop.
 */
export class Rounds {
  readonly #owner: RoundsOwner;
  /** The next step of each round; returns whether there was one. */
  readonly #rounds = new Deque<() => boolean>();
  readonly #loop: SlicedLoop;
  #late = false;

  constructor(owner: RoundsOwner) {
    this.#owner = owner;
    this.#loop = new SlicedLoop(
      () => this.#step(),
      () => {
        this.#late = true;
        owner.late();
      },
    );
  }

  /** Whether no round waits or is under way. */
  get idle(): boolean {
    return this.#rounds.size === 0;
  }

  /** Calls `act` for each item, after all earlier rounds. The round sees items that come or go while it is under way. */
  begin<T>(items: Iterable<T>, act: (item: T) => void): void {
    const iterator = items[Symbol.iterator]();
    this.#rounds.push(() => {
      const { done, value } = iterator.next();
      if (!done) act(value);
      return !done;
    });
    this.#loop.run();
  }

  #step(): boolean {
    const { first } = this.#rounds;
    if (first === undefined) {
      if (this.#late) this.#owner.caughtUp();
      this.#late = false;
      return false;
    }
    if (!first()) this.#rounds.take();
    return true;
  }
}
