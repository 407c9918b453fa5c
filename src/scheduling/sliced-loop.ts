import { TimeSlice } from "./time-slice.js";

/** A loop of many small steps that may take long altogether. It runs in {@link TimeSlice}s, so it never holds up the event loop. */
export class SlicedLoop {
  readonly #step: () => boolean;
  readonly #interrupted: () => void;
  readonly #slice = new TimeSlice(() => this.run());
  #running = false;

  /**
   * @param step does one small piece of work; returns whether there may be more to do
   * @param interrupted called at the end of each slice that leaves something to do
   */
  constructor(step: () => boolean, interrupted: () => void = () => {}) {
    this.#step = step;
    this.#interrupted = interrupted;
  }

  /** Steps until nothing is left to do: at once as far as the slice allows, then in later passes of the event loop. */
  run(): void {
    if (this.#running || this.#slice.yielding) return;
    this.#running = true;
    let more = true; // still true when a step throws: the steps behind it follow in the next pass
    try {
      while (more && this.#slice.takeStep()) more = this.#step();
    } finally {
      this.#running = false;
      if (more) this.#yield();
    }
  }

  #yield(): void {
    this.#slice.yield();
    this.#interrupted();
  }
}
