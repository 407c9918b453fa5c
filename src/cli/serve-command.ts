import { printSettings } from "../core/config/print-settings.js";
import { VERSION } from "../version.js";
import { help } from "./help.js";
import { loadConfig } from "./load-config.js";
import { logProblem } from "./log-problem.js";
import { type Complain, EXIT, failed, misused, type Started } from "./outcome.js";
import { parseArguments, SERVE } from "./serve-arguments.js";
import { start } from "./start.js";

/**
 * Runs the daemon's own command line (`sockproxyd [options]`, docs/configuration.md).
 *
 * @param argv without the program
 */
export async function serve(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see --help`);
  const asks = (kind: string): boolean => parsed.value.some((argument) => argument.kind === kind);
  if (asks("help")) return help(SERVE);
  if (asks("version")) return { kind: "answer", text: `sockproxyd ${VERSION}` };
  if (!asks("check")) return start(() => loadConfig(parsed.value), complain);
  const { settings, problems, warnings = [] } = loadConfig(parsed.value);
  const unwritable = logProblem(settings.log);
  if (problems.length > 0) {
    return failed(...problems, ...(unwritable ? [unwritable] : []));
  }
  for (const warning of warnings) complain(warning); // on stderr: programs read the settings
  if (unwritable !== undefined) complain(unwritable);
  return { kind: "answer", text: printSettings(settings), ...(unwritable !== undefined && { status: EXIT.failed }) };
}
