import { accessSync, closeSync, constants, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Settings } from "../core/config/settings.js";
import { regularFileProblem } from "../system/regular-file.js";

/** The flags of the log itself, without O_CREAT: `--check` changes nothing. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

/** Why the daemon cannot write its log; undefined when it can. */
export function logProblem({ log: path, logSize }: Pick<Settings, "log" | "logSize">): string | undefined {
  if (path === "-") return undefined;
  const problem = logSize === 0 ? undefined : regularFileProblem(path);
  if (problem !== undefined) return unwritable(path, new Error(`${problem}; log-size needs one`));
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
