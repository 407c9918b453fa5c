import { readdirSync, readFileSync } from "node:fs";
import type { DaemonProcess } from "./daemon.js";
import { until } from "./wait.js";

// what proc(5) tells of a process, seen from outside

/** Resident memory of a daemon, in bytes. */
export function resident({ child }: DaemonProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

/** How many descriptors a daemon has open. */
export function descriptors({ child }: DaemonProcess): number {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

/** How many descriptors a daemon has open once nobody comes or goes: when that has been the same for a quarter of a second. */
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

/** How many descriptors a process may have open; without a daemon, the test's own. */
export function descriptorLimit(daemon?: DaemonProcess): number {
  const limits = readFileSync(`/proc/${daemon?.child.pid ?? "self"}/limits`, "utf8");
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/** The lines of a log that tell of a fault of the program; there should be none, whatever its peers do. */
export function faults(log: string): string[] {
  return log.split("\n").filter((line) => / ERROR |fault|unhandled|uncaught/i.test(line));
}
