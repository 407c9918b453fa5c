import type { Clock } from "../system/clock.js";

const LIMIT_MS = 500;
const LOOK_EVERY_MS = 5;

/** Waits until everything has been written, half a second at most. */
export async function untilIdle(writers: readonly { readonly idle: boolean }[], clock: Clock): Promise<void> {
  const limit = clock.now() + LIMIT_MS;
  while (writers.some(({ idle }) => !idle) && clock.now() < limit) {
    await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
  }
}
