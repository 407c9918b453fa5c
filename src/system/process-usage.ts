import { readdirSync, readFileSync } from "node:fs";
import { cpuUsage, memoryUsage, uptime } from "node:process";
import type { ProcessUsage } from "../core/status/process-usage.js";
import { systemClock } from "./clock.js";

const START_SECONDS = Math.round(systemClock.epochMs() - uptime() * 1000) / 1000;
const KIB = 1024;

/** What the process takes now. Costs a look into `/proc`, which takes longer the more files are open. */
export function processUsage(): ProcessUsage {
  const { user, system } = cpuUsage(); // µs
  const virtualBytes = told(
    () => Number(/^VmSize:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * KIB,
  );
  const openDescriptors = told(() => readdirSync("/proc/self/fd").length - 1); // without the one that reads them
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: memoryUsage.rss(),
    ...(virtualBytes !== undefined && { virtualBytes }),
    ...(openDescriptors !== undefined && { openDescriptors }),
    startSeconds: START_SECONDS,
  };
}

/** What the system tells; undefined where it does not. */
function told(read: () => number): number | undefined {
  try {
    const value = read();
    return Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
