import type { LoadedConfig } from "../core/config/settings.js";
import { Daemon } from "../daemon/daemon.js";
import { type Log, openLog } from "../log/log.js";
import { stdout } from "../monitor/console.js";
import { systemClock } from "../system/clock.js";

/** The exit statuses of the program. */
export const EXIT = { clean: 0, failed: 1, usage: 2, notRunning: 3 } as const;

/** The outcome of a command line: a daemon that runs, or a text to print and an exit status. */
export type Started =
  | { readonly kind: "running"; readonly daemon: Daemon; readonly log: Log }
  | { readonly kind: "answer"; readonly text: string; readonly status?: number }
  | { readonly kind: "wrong"; readonly lines: readonly string[]; readonly status: number };

/** The remark of a reload where the command line is the whole configuration. */
export const COMMAND_LINE_ONLY = "there is no configuration file, as the command line says everything";

/** Prints a line on the terminal, for what the log itself cannot say. */
export type Complain = (text: string) => void;

/** The outcome of a wrong command line. */
export function misused(...lines: readonly string[]): Started {
  return { kind: "wrong", lines, status: EXIT.usage };
}

/**
 * Starts a daemon.
 *
 * @param load reads the configuration; called again for a reload
 */
export async function start(load: () => LoadedConfig, complain: Complain): Promise<Started> {
  const { settings, problems, warnings = [] } = load();
  if (problems.length > 0) return misused(...problems);
  let log: Log;
  try {
    log = openLog(settings.log, settings.debug, settings.logStyle, complain);
  } catch (error) {
    return misused(`cannot write log file ${settings.log}: ${(error as Error).message}`);
  }
  let daemon: Daemon;
  try {
    daemon = new Daemon(settings, load, systemClock, log, stdout());
    process.on("SIGUSR1", () => daemon.reopenFiles()); // a log that is moved away while it starts is opened again, too
    await daemon.start();
  } catch (error) {
    log.error((error as Error).message);
    await log.flush();
    return { kind: "wrong", lines: settings.log === "-" ? [] : [(error as Error).message], status: EXIT.failed };
  }
  for (const warning of warnings) log.warn(warning); // they are about what runs now
  return { kind: "running", daemon, log };
}
