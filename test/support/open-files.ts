import { readdirSync, readlinkSync } from "node:fs";

/** How many descriptors of this process lead to a file whose name begins with `path`, moved or removed or not. */
export function openFiles(path: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}
