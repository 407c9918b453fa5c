/**
 * Waits until a condition holds.
 *
 * @param what names the condition in the error message
 * @throws when the condition does not hold in time
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const limit = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`waited ${withinMs} ms in vain for: ${what}`);
    await pause(5);
  }
}

/** Lets time pass: to see that nothing happens meanwhile, or for a peer that is slow on purpose. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
