import { queueJob } from "./round-robin.js";

/**
 * Longest work on one peer's input in one pass of the event loop, in milliseconds. Five peers that send without end keep everybody
 * else waiting for 10 ms then, or for a few such passes: less than the 50 ms that docs/protocol.md promises.
 */
const SLICE_MS = 2;

/** Steps of a slice before it looks at the clock, where a step takes some microseconds: messages, frames, commands. */
export const FEW_STEPS = 4;

/** Passes of the event loop since the start, counted only while a slice asks. */
let passes = 0;
let counting = false;

/** The number of this pass. It changes as soon as the event loop has polled its sockets again. */
function thisPass(): number {
  if (!counting) {
    counting = true;
    setImmediate(() => {
      counting = false;
      passes += 1;
    });
  }
  return passes;
}

/**
 * One worker's share of each pass of the event loop: cooperative scheduling. The worker calls {@link takeStep} once for each small
 * piece of work. After a `false` it stops, pauses its source and calls {@link yield}; a later pass continues the work.
 */
export class TimeSlice {
  readonly #resume: () => void;
  readonly #freeSteps: number;
  #pass = -1;
  /** Steps since the clock was last looked at in another pass. */
  #steps = 0;
  #endsAt = 0;
  #yielding = false;

  /**
   * @param resume continues the work; called in a later pass, must not throw
   * @param freeSteps steps of every slice that do not look at the clock: more than one where a step takes some microseconds
   */
  constructor(resume: () => void, freeSteps = 1) {
    this.#resume = resume;
    this.#freeSteps = freeSteps;
  }

  /** Counts one step of work. Returns false when the slice of this pass is used up, or while it yields. */
  takeStep(): boolean {
    if (this.#yielding) return false;
    this.#steps += 1;
    if (this.#steps < this.#freeSteps) return true;
    const pass = thisPass();
    const now = performance.now(); // not the injected clock: this measures the time that the work itself takes
    if (pass === this.#pass) return now < this.#endsAt;
    this.#pass = pass;
    this.#steps = 0;
    this.#endsAt = now + SLICE_MS;
    return true;
  }

  /** Whether the rest of the work waits for a later pass. */
  get yielding(): boolean {
    return this.#yielding;
  }

  /** Leaves the rest of the work to a later pass, behind all jobs that wait already. */
  yield(): void {
    if (this.#yielding) return;
    this.#yielding = true;
    queueJob(this.#continue);
  }

  readonly #continue = (): void => {
    this.#yielding = false;
    this.#pass = -1; // a fresh slice, also where the count of passes has not moved on yet
    this.#resume();
  };
}
