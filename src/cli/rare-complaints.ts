import { type Clock, systemClock, type Timer } from "../system/clock.js";
import type { Complain } from "./outcome.js";

const EVERY_MS = 1000;

/**
 * Counts what goes wrong often, and tells it at most once a second: the first time at once, what is left at the end.
 *
 * @param textOf the line for so many
 * @returns called with how many more there are
 */
export function rareComplaints(
  complain: Complain,
  over: AbortSignal,
  textOf: (count: number) => string,
  clock: Clock = systemClock,
): (count: number) => void {
  let untold = 0;
  let pause: Timer | undefined;
  const tell = (): void => {
    pause = undefined;
    if (untold === 0) return;
    complain(textOf(untold));
    untold = 0;
    if (!over.aborted) pause = clock.after(EVERY_MS, tell);
  };
  over.addEventListener("abort", () => {
    pause?.cancel();
    tell();
  });
  return (count) => {
    untold += count;
    if (pause === undefined) tell();
  };
}
