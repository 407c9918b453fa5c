import { accessSync, closeSync, constants, openSync } from "node:fs";
import { dirname } from "node:path";

/** The flags of the log itself, without O_CREAT: `--check` changes nothing. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

/**
 * Why the daemon cannot write its log; undefined when it can.
 *
 * @param path a file name; `-`: stderr
 */
export function logProblem(path: string): string | undefined {
  if (path === "-") return undefined;
  try {
    closeSync(openSync(path, APPEND));
    return undefined;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return missing ? missingLogProblem(path) : unwritable(path, error);
  }
}

/** The daemon creates a log that is not there, so it has to be able to write in the folder. */
function missingLogProblem(path: string): string | undefined {
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): string {
  return `cannot write log file ${path}: ${(error as Error).message}`;
}
