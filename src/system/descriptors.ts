import { readFileSync } from "node:fs";
import { openFilesLimit } from "../core/limits/descriptor-capacity.js";

/** How many files and sockets this process may have open, or nothing where the system does not tell. */
export function descriptorLimit(): number | undefined {
  try {
    return openFilesLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined;
  }
}
