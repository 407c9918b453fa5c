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
  /** Calls `callback` once, `ms` milliseconds from now. */
  after(ms: number, callback: () => void): Timer;
}

/** The machine's own time. */
export const systemClock: Clock = {
  epochMs: Date.now,
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
