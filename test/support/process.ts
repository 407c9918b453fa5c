import { readdirSync, readFileSync } from "node:fs";
import type { DaemonProcess } from "./daemon.js";
import { until } from "./wait.js";

// What proc(5) shows of another process.

/** Resident memory of a process in bytes. */
export function resident({ child }: DaemonProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

/** The number of open descriptors of a process. */
export function descriptors({ child }: DaemonProcess): number {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

/** The number of open descriptors of a process, once it has not changed for a quarter of a second. */
export async function descriptorsAtRest(daemon: DaemonProcess): Promise<number> {
  let count = descriptors(daemon);
  let since = performance.now();
  await until(() => {
    const now = descriptors(daemon);
    if (now !== count) since = performance.now();
    count = now;
    return performance.now() - since > 250;
  }, "the daemon to be at rest");
  return count;
}

/** The limit of open descriptors of a process; by default of the test's own process. */
export function descriptorLimit(daemon?: DaemonProcess): number {
  const limits = readFileSync(`/proc/${daemon?.child.pid ?? "self"}/limits`, "utf8");
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/** The lines of a log that report a fault of the daemon. No peer may cause one. */
export function faults(log: string): string[] {
  return log.split("\n").filter((line) => / ERROR |fault|unhandled|uncaught/i.test(line));
}
