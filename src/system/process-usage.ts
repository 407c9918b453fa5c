import { readdirSync, readFileSync, statSync } from "node:fs";
import { cpuUsage, memoryUsage, uptime } from "node:process";
import type { ProcessUsage } from "../core/status/process-usage.js";
import { systemClock } from "./clock.js";

const START_SECONDS = Math.round(systemClock.epochMs() - uptime() * 1000) / 1000;
const KIB = 1024;
const DESCRIPTORS = "/proc/self/fd";
const MAX_LISTED = 1024; // a list of so many takes 3 ms: no other client waits longer

/** What the process takes now. */
export function processUsage(): ProcessUsage {
  const { user, system } = cpuUsage(); // µs
  const status = statusFile();
  const virtualKib = firstNumber(/^VmSize:\s*(\d+)/m.exec(status));
  const openDescriptors = countDescriptors(firstNumber(/^FDSize:\s*(\d+)/m.exec(status)));
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: memoryUsage.rss(),
    ...(virtualKib !== undefined && { virtualBytes: virtualKib * KIB }),
    ...(openDescriptors !== undefined && { openDescriptors }),
    startSeconds: START_SECONDS,
  };
}

function statusFile(): string {
  try {
    return readFileSync("/proc/self/status", "latin1");
  } catch {
    return "";
  }
}

function firstNumber(found: RegExpExecArray | null): number | undefined {
  return found === null ? undefined : Number(found[1]);
}

/** Since 6.2, Linux tells their number as the size of the folder; before, they have to be listed. @param room that the process has for them */
function countDescriptors(room: number | undefined): number | undefined {
  if (room === undefined) return undefined;
  const { size } = statSync(DESCRIPTORS);
  if (size > 0) return size;
  return room > MAX_LISTED ? undefined : readdirSync(DESCRIPTORS).length - 1; // without the one that reads them
}
