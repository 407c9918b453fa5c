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

/** The machine's own time. */
export const systemClock: Clock = {
  epochMs: Date.now,
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, MAX_TIMER_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};
