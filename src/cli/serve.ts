import { systemClock } from "../clock.js";
import { parseArguments, USAGE } from "../core/config/arguments.js";
import { printSettings } from "../core/config/keys.js";
import { Daemon } from "../daemon.js";
import { type LoadedConfig, loadConfig } from "../load-config.js";
import { type Log, openLog } from "../log.js";
import { VERSION } from "../version.js";

/** The exit statuses of the program. */
export const EXIT = { clean: 0, failed: 1, usage: 2 } as const;

/** What a command line comes to: a daemon that runs, or a text to print and an exit status. */
export type Started =
  | { readonly kind: "running"; readonly daemon: Daemon; readonly log: Log }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "wrong"; readonly lines: readonly string[]; readonly status: number };

/**
 * Runs the daemon's own command line (`sockproxyd [options]`, seed "Configuration").
 *
 * @param argv without the program
 * @param complain tells a person at the terminal what the log itself cannot
 */
export async function serve(argv: readonly string[], complain: (text: string) => void): Promise<Started> {
  const parsed = parseArguments(argv);
  if (!parsed.ok) return { kind: "wrong", lines: [`${parsed.message}; see --help`], status: EXIT.usage };
  const asks = (kind: string): boolean => parsed.value.some((argument) => argument.kind === kind);
  if (asks("help")) return { kind: "answer", text: USAGE };
  if (asks("version")) return { kind: "answer", text: `sockproxyd ${VERSION}` };

  const load = (): LoadedConfig => loadConfig(parsed.value);
  const { settings, problems } = load();
  if (problems.length > 0) {
    return { kind: "wrong", lines: problems, status: asks("check") ? EXIT.failed : EXIT.usage };
  }
  if (asks("check")) return { kind: "answer", text: printSettings(settings) };

  let log: Log;
  try {
    log = openLog(settings.log, settings.debug, complain);
  } catch (error) {
    return {
      kind: "wrong",
      lines: [`cannot write log file ${settings.log}: ${(error as Error).message}`],
      status: EXIT.usage,
    };
  }
  let daemon: Daemon;
  try {
    daemon = new Daemon(settings, load, systemClock, log);
    await daemon.start();
  } catch (error) {
    log.error((error as Error).message);
    await log.flush();
    return { kind: "wrong", lines: settings.log === "-" ? [] : [(error as Error).message], status: EXIT.failed };
  }
  return { kind: "running", daemon, log };
}
