import type { Clock } from "../system/clock.js";
import { inTurn } from "./round-robin.js";

/** Work goes on for so long at a time. Several may follow upon each other, and nobody is to wait for longer than 50 ms. */
const PORTION_MS = 5;

/** Work of many steps that may take long: it is done in portions, and between them everybody else has their turn. */
export class Portions {
  readonly #clock: Clock;
  readonly #step: () => boolean;
  readonly #unfinished: () => void;
  #state: "idle" | "working" | "resting" = "idle";

  /**
   * @param step does a little, and returns whether there may be more to do
   * @param unfinished called at the end of each portion but the last
   */
  constructor(clock: Clock, step: () => boolean, unfinished: () => void = () => {}) {
    this.#clock = clock;
    this.#step = step;
    this.#unfinished = unfinished;
  }

  /** Works off what there is to do: a first portion at once, unless one is under way. */
  run(): void {
    if (this.#state !== "idle") return;
    this.#state = "working";
    const end = this.#clock.now() + PORTION_MS;
    let more = true;
    try {
      while (more && this.#clock.now() < end) {
        more = true; // also should the step throw: the others are still to be done
        more = this.#step();
      }
    } finally {
      this.#state = "idle";
      if (more) this.#rest();
    }
  }

  #rest(): void {
    this.#state = "resting";
    inTurn(() => {
      this.#state = "idle";
      this.run();
    });
    this.#unfinished();
  }
}
