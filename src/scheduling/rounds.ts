import { Deque } from "../core/collections/deque.js";
import type { Clock } from "../system/clock.js";
import { Portions } from "./portions.js";

/** Who is told when rounds cannot be finished at once, so that no more of them are asked for meanwhile. */
export interface RoundsOwner {
  /** Called again and again while rounds wait. */
  late(): void;
  /** All that was late is done. */
  caughtUp(): void;
}

/** Does something for each of many, one round after the other, in {@link Portions}. A short round is over at once. */
export class Rounds {
  readonly #owner: RoundsOwner;
  /** Each takes the next step of its round, and returns whether there was one. */
  readonly #rounds = new Deque<() => boolean>();
  readonly #portions: Portions;
  #late = false;

  constructor(clock: Clock, owner: RoundsOwner) {
    this.#owner = owner;
    this.#portions = new Portions(
      clock,
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

  /** Does this for each of them, behind the rounds that have begun before. Those who are added or gone meanwhile count, too. */
  begin<T>(all: Iterable<T>, act: (one: T) => void): void {
    const iterator = all[Symbol.iterator]();
    this.#rounds.push(() => {
      const { done, value } = iterator.next();
      if (!done) act(value);
      return !done;
    });
    this.#portions.run();
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
