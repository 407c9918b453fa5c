import { accessSync, closeSync, constants, openSync } from "node:fs";
import { dirname } from "node:path";

/** As the log opens its file, but without creating one: `--check` changes nothing. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

/**
 * Why the daemon could not write its log; nothing when it could.
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
    return missing ? folderProblem(path) : unwritable(path, error);
  }
}

/** A log that is not there yet is created in its folder. */
function folderProblem(path: string): string | undefined {
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
