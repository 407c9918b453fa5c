/** A wait for what must come. Long, since a busy machine is slow and what has come ends the wait: only a failing test pays for it. */
export const PATIENCE_MS = 30_000;

/** How often {@link until} looks: the longer the wait, the less often. A condition may read large tables. */
const [LEAST_INTERVAL_MS, INTERVAL_PART, MAX_INTERVAL_MS] = [5, 0.025, 10];

/**
 * Waits until a condition holds.
 *
 * @param what names the condition in the error message
 * @throws when the condition does not hold in time
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = PATIENCE_MS,
): Promise<void> {
  const since = performance.now();
  while (!(await condition())) {
    const waitedMs = performance.now() - since;
    if (waitedMs > withinMs) throw new Error(`waited ${withinMs} ms in vain for: ${what}`);
    await pause(Math.min(Math.max(LEAST_INTERVAL_MS, waitedMs * INTERVAL_PART), MAX_INTERVAL_MS));
  }
}

/** Lets time pass in which nothing must happen; an assertion follows. As short as the proof allows. */
export function quietFor(ms: number): Promise<void> {
  return pause(ms);
}

/** Lets time pass for a peer that is slow on purpose, or a limit that counts real time. Anything else waits for an event, or {@link until}. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
