/** A growing wait between attempts. Times in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The wait before attempt number `attempt` (1 = the first repetition), in milliseconds: doubling from `firstMs` up to
 * `maxMs`, of which the upper half is left to chance so that many waiters do not come back in one moment.
 *
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs({ firstMs, maxMs }: Backoff, attempt: number, random: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** (attempt - 1));
  return Math.max(firstMs, full / 2 + (full / 2) * random);
}
