import type { ProcessUsage } from "../status/process-usage.js";
import { type Metric, optional } from "./exposition.js";

/**
 * The metrics that every program has, by the names that client libraries give them
 * (prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics").
 *
 * @param maxDescriptors most files and sockets that may be open; undefined where the system does not tell
 */
export function processMetrics(usage: ProcessUsage, maxDescriptors: number | undefined): Metric[] {
  const { cpuSeconds, residentBytes, virtualBytes, openDescriptors, startSeconds } = usage;
  const process = (type: Metric["type"], name: string, help: string, value: number | undefined): Metric => {
    return { name: `process_${name}`, type, help, samples: optional(value) };
  };
  return [
    process("counter", "cpu_seconds_total", "CPU time that the process has taken.", cpuSeconds),
    process("gauge", "resident_memory_bytes", "Memory that the process has in use.", residentBytes),
    process("gauge", "virtual_memory_bytes", "Address space that the process has taken.", virtualBytes),
    process("gauge", "open_fds", "Files and sockets that are open.", openDescriptors),
    process("gauge", "max_fds", "Most files and sockets that may be open.", maxDescriptors),
    process("gauge", "start_time_seconds", "When the process started, since 1970.", startSeconds),
  ];
}
