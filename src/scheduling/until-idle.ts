import type { Clock } from "../system/clock.js";
import { until } from "./waits.js";

const LIMIT_MS = 500; // a stop or a flush must not hang on a slow disk
const POLL_MS = 5;

/** Waits until all writers have written everything, half a second at most. */
export async function untilIdle(writers: readonly { readonly idle: boolean }[], clock: Clock): Promise<void> {
  await until(() => writers.every(({ idle }) => idle), POLL_MS, LIMIT_MS, clock);
}
