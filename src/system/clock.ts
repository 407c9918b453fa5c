/** A timer that can be called off. */
export interface Timer {
  cancel(): void;
}

/** Where time comes from, so that tests can hold it in their hands. */
export interface Clock {
  /** Milliseconds since the epoch, for people. */
  epochMs(): number;
  /** Milliseconds of a clock that never jumps, for measuring. */
  now(): number;
  /** Calls `callback` once, `ms` milliseconds from now; where that is more than 24 days, after these: so look again then. */
  after(ms: number, callback: () => void): Timer;
}

const MAX_TIMER_MS = 2_147_483_647; // Node's timers take longer waits for none at all
/** A timer that is later than this: the process has stood still, or was busy for as long. */
const LATE_MS = 20;
/** To take in what has come meanwhile, the process has a part of that time, and this at most. */
const CATCH_UP_PART = 0.25;
const MOST_CATCH_UP_MS = 100;

/**
 * A timer of the machine's own time.
 *
 * The event loop calls timers before it reads sockets. So a process that has stood still (SIGSTOP, a slow disk, a suspended
 * virtual machine) would blame its peers for its own silence, while what they sent lies in its sockets. A late timer is
 * therefore put off until the sockets have been read: what they bring may still call it off.
 */
class SystemTimer implements Timer {
  readonly #callback: () => void;
  readonly #due: number;
  #wait: NodeJS.Timeout;
  #poll: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void) {
    this.#callback = callback;
    this.#due = performance.now() + ms;
    this.#wait = setTimeout(SystemTimer.#fire, ms, this);
  }

  cancel(): void {
    clearTimeout(this.#wait);
    clearImmediate(this.#poll);
  }

  static readonly #fire = (timer: SystemTimer): void => {
    const lateMs = performance.now() - timer.#due;
    if (lateMs < LATE_MS) timer.#callback();
    else timer.#wait = setTimeout(SystemTimer.#afterCatchUp, Math.min(lateMs * CATCH_UP_PART, MOST_CATCH_UP_MS), timer);
  };

  /** However busy the catching up was, the sockets are read once more. */
  static readonly #afterCatchUp = (timer: SystemTimer): void => {
    timer.#poll = setImmediate(timer.#callback);
  };
}

/** The machine's own time. */
export const systemClock: Clock = {
  epochMs: Date.now,
  now: () => performance.now(),
  after: (ms, callback) => new SystemTimer(Math.min(ms, MAX_TIMER_MS), callback),
};
