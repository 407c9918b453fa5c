import { readFileSync } from "node:fs";
import { openFilesLimit } from "../core/limits/descriptor-capacity.js";

/** Files and sockets that this process may have open; undefined where the system does not tell. */
export function descriptorLimit(): number | undefined {
  try {
    return openFilesLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined;
  }
}
