import type { Clock } from "../system/clock.js";

/** What has not ended then in the old process is ended. */
export const END_MS = 60_000;
/** From one look at what is left to the next. */
const ROUND_MS = 250;

/** The process that empties: the old one. */
export interface EmptyingOwner {
  /** Moves, or ends, what can be by now. @returns whether nothing is left */
  round(): Promise<boolean>;
  /** Nothing is left, or the time is over. Called once. */
  end(): void;
  /** A round has failed. Called once, and then nothing more. */
  failed(error: unknown): void;
}

/** The rest of the life of a process whose place another one has taken: it ends when nothing is left, and after {@link END_MS} whatever a round waits for. */
export class Emptying {
  readonly #clock: Clock;
  readonly #owner: EmptyingOwner;
  #isOver = false;

  constructor(clock: Clock, owner: EmptyingOwner) {
    this.#clock = clock;
    this.#owner = owner;
    clock.after(END_MS, () => this.#over(() => owner.end()));
    this.#next();
  }

  #next(): void {
    this.#clock.after(ROUND_MS, () => {
      if (this.#isOver) return;
      this.#owner.round().then(
        (isEmpty) => (isEmpty ? this.#over(() => this.#owner.end()) : this.#next()),
        (error: unknown) => this.#over(() => this.#owner.failed(error)),
      );
    });
  }

  #over(how: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    how();
  }
}
