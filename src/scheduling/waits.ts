import type { Clock } from "../system/clock.js";

/** Waits for so many milliseconds. */
export function pause(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** Waits until `begin` has its callback called, `limitMs` at most. */
export function atMost(limitMs: number, clock: Clock, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const limit = clock.after(limitMs, resolve);
    begin(() => {
      limit.cancel();
      resolve();
    });
  });
}

/** Waits until something is so, and looks every `everyMs`, for `limitMs` at most. @returns whether it is so */
export async function until(isSo: () => boolean, everyMs: number, limitMs: number, clock: Clock): Promise<boolean> {
  const limitAt = clock.now() + limitMs;
  while (!isSo()) {
    if (clock.now() >= limitAt) return false;
    await pause(everyMs, clock);
  }
  return true;
}
