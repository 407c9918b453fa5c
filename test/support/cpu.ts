/** Blocks the event loop for some milliseconds. */
export function keepBusy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** The CPU time of a function in milliseconds. Other programs on a busy machine do not count. */
export function cpuMilliseconds(work: () => void): number {
  const since = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** The least CPU time of three runs, in milliseconds. */
export function leastCpuMilliseconds(work: () => void): number {
  return Math.min(cpuMilliseconds(work), cpuMilliseconds(work), cpuMilliseconds(work));
}
