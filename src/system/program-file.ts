import { statSync } from "node:fs";

/** Tells one program on disk from another: what a package manager replaces gets another inode, what a compiler writes another time. */
export function programStamp(path = process.argv[1] ?? ""): string {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return `${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return ""; // it is being replaced just now, or is no file
  }
}
