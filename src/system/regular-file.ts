import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";

/** A FIFO opens without a writer: it is found out, and not waited for. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What the kernel makes up when it is read. Some of these files wait for something to happen, others never end. */
const MADE_UP = /^\/(proc|sys)\//;

/** Reads as an empty file. */
const NOTHING = "/dev/null";
const NO_FILE = ", and no file";

/**
 * Reads a file whole. Whatever else has a name in the file system might keep the process waiting for ever, and gives its bytes once: a
 * reload would find it empty.
 *
 * @throws {Error} as `readFileSync` does, or saying what it is in place of a file
 */
export function readRegularFile(path: string): Buffer {
  const fd = openSync(path, READ);
  try {
    const stats = fstatSync(fd);
    const problem =
      stats.isCharacterDevice() && path !== NOTHING ? `it is a device${NO_FILE}` : kindProblem(path, stats);
    if (problem !== undefined) throw new Error(problem);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Why a path is no place for a file that is written to; undefined where it is a file, or nothing is there yet. A device takes bytes, too.
 *
 * @param path of a file that need not exist
 */
export function regularFileProblem(path: string): string | undefined {
  try {
    return kindProblem(path, statSync(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") return message;
    return MADE_UP.test(path) ? "no file can be made there" : undefined;
  }
}

function kindProblem(path: string, stats: Stats): string | undefined {
  if (stats.isCharacterDevice()) return undefined;
  if (!stats.isFile()) return `it is ${kindOf(stats)}${NO_FILE}`;
  return MADE_UP.test(realpathSync(path)) ? "the kernel makes it up: it is no file" : undefined;
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO or a pipe";
  return stats.isSocket() ? "a socket" : "a device";
}
