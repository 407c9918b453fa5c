import { readFileSync } from "node:fs";

/** The name of the program of a process, as the system has it; empty: unknown. */
export function processName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
