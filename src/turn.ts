/**
 * The longest work on one peer's input in one pass of the event loop; milliseconds. Five peers that send without end then
 * keep everybody else waiting for 20 ms, less than the 50 ms that the daemon promises.
 */
const TURN_MS = 4;

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
  #pass = -1;
  #endsAt = 0;
  /** Whether the rest waits for the next pass. */
  #waiting = false;

  /** @param goOn works on; called in a later pass, and must not throw */
  constructor(goOn: () => void) {
    this.#goOn = goOn;
  }

  /** Whether the time of this pass is used up. The first question of a pass begins its time. */
  get over(): boolean {
    if (this.#waiting) return true;
    const now = performance.now(); // not the clock of the limits: what counts is the time that the work itself takes
    const pass = thisPass();
    if (pass !== this.#pass) {
      this.#pass = pass;
      this.#endsAt = now + TURN_MS;
      return false;
    }
    return now >= this.#endsAt;
  }

  /** Whether the rest waits for the next pass. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Goes on in the next pass, behind what other peers have sent. */
  next(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    setImmediate(() => {
      this.#waiting = false;
      this.#goOn();
    });
  }
}
