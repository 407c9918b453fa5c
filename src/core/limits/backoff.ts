/** The shortest and the longest wait between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The wait before a repetition, in milliseconds. It doubles from `firstMs` to `maxMs`. Jitter keeps many callers from coming back at the
 * same moment: up to a half more while the wait grows, up to a quarter less once it is `maxMs`.
 *
 * @param attempt 1 for the first repetition
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs({ firstMs, maxMs }: Backoff, attempt: number, random: number): number {
  const full = firstMs * 2 ** (attempt - 1);
  return full < maxMs ? Math.min(maxMs, full * (1 + random / 2)) : maxMs * (1 - random / 4);
}
