import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8's memory for new objects as small as the start has left it, at most 2 MiB for each half. It would grow to 16 MiB (Node 20) or 64 MiB
 * (Node 24) under load, and the daemon would be no faster (docs/benchmarks.md). The option `--max-semi-space-size=2` does the same, but V8 reads that
 * before the first line of a program; the factor it reads whenever this memory is about to grow.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--no-parallel-scavenge"); // a megabyte with few survivors: to wake four threads for it costs more than it saves
}
