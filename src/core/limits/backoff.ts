/** A growing wait between attempts. Times in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The wait before attempt number `attempt` (1 = the first repetition), in milliseconds: doubling from `firstMs` up to
 * `maxMs`, with up to a half more, or at the end a quarter less, left to chance so that many do not come back in one moment.
 *
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs({ firstMs, maxMs }: Backoff, attempt: number, random: number): number {
  const full = firstMs * 2 ** (attempt - 1);
  return full < maxMs ? Math.min(maxMs, full * (1 + random / 2)) : maxMs * (1 - random / 4);
}
