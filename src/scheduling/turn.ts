import { inTurn } from "./round-robin.js";

/**
 * The longest work on one peer's input in one pass of the event loop; milliseconds. Five peers that send without end then keep everybody
 * else waiting for 10 ms, or for some passes of that: less than the 50 ms that the daemon promises.
 */
const TURN_MS = 2;

/** Messages, frames or commands that belong to every turn: few enough that none of them is of note, and the clock is looked at less often. */
export const FEW_STEPS = 4;

/** Passes of the event loop since the start, counted only while somebody asks. */
let passes = 0;
let counting = false;

/** The number of this pass: another one as soon as the event loop has polled its sockets again. */
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
 * One peer's share of a pass of the event loop. Whoever works through a peer's input asks {@link over} between two steps. When
 * it is over, the peer is paused, and the rest waits for {@link next}.
 */
export class Turn {
  readonly #goOn: () => void;
  readonly #freeSteps: number;
  #pass = -1;
  /** Steps since the clock was last looked at in another pass. */
  #steps = 0;
  #endsAt = 0;
  /** Whether the rest waits for a later pass. */
  #waiting = false;

  /**
   * @param goOn works on; called in a later pass, and must not throw
   * @param freeSteps steps that belong to every turn: more than one where each takes some microseconds, and no look at the clock
   */
  constructor(goOn: () => void, freeSteps = 1) {
    this.#goOn = goOn;
    this.#freeSteps = freeSteps;
  }

  /** Whether its share of this pass is used up; to be asked once for each step. */
  get over(): boolean {
    if (this.#waiting) return true;
    this.#steps += 1;
    if (this.#steps < this.#freeSteps) return false;
    const pass = thisPass();
    const now = performance.now(); // not the clock of the limits: what counts is the time that the work itself takes
    if (pass === this.#pass) return now >= this.#endsAt;
    this.#pass = pass;
    this.#steps = 0;
    this.#endsAt = now + TURN_MS;
    return false;
  }

  /** Whether the rest waits for a later pass. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Goes on in a later pass, when others have had their turn. */
  next(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    inTurn(this.#begin);
  }

  readonly #begin = (): void => {
    this.#waiting = false;
    this.#goOn();
  };
}
