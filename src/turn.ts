import { inTurn } from "./round-robin.js";

/**
 * The longest work on one peer's input in one pass of the event loop; milliseconds. Five peers that send without end then keep everybody
 * else waiting for 10 ms, or for some passes of that: less than the 50 ms that the daemon promises.
 */
const TURN_MS = 2;

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
  /** Steps of this pass. */
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
    const pass = thisPass();
    if (pass !== this.#pass) {
      this.#pass = pass;
      this.#steps = 0;
    }
    this.#steps += 1;
    if (this.#steps < this.#freeSteps) return false;
    const now = performance.now(); // not the clock of the limits: what counts is the time that the work itself takes
    if (this.#steps === this.#freeSteps) this.#endsAt = now + TURN_MS;
    return now >= this.#endsAt;
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
