/** So many times its slowest answer a device may take before it counts as silent. */
export const PATIENCE = 4;
const FADING = 0.9;

/** How long the slowest answer has taken, with one more answer. It counts less with each that follows. In milliseconds. */
export function slowestOf(slowestMs: number, tookMs: number): number {
  return Math.max(tookMs, FADING * slowestMs);
}
