import { DEFAULT_SETTINGS } from "../core/config/keys.js";
import { openPortWarnings } from "../core/config/open-ports.js";
import { help } from "./help.js";
import { checkLines } from "./load-config.js";
import { MUX, MUX_LIST, parseMuxArguments } from "./mux-arguments.js";
import { COMMAND_LINE_ONLY, type Complain, misused, type Started } from "./outcome.js";
import { start } from "./start.js";

/**
 * Runs `sockproxyd mux …`: a daemon that does nothing but share one device (docs/mux.md).
 *
 * @param argv behind the word `mux`
 */
export async function mux(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseMuxArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd mux --help`);
  if (parsed.value.kind === "help") return help(MUX);
  if (parsed.value.kind === "list") return { kind: "answer", text: MUX_LIST };
  const { ip, line, debug } = parsed.value;
  const settings = Object.freeze({ ...DEFAULT_SETTINGS, ip, debug, port: 0, linesEssential: true, mux: [line] });
  const warnings = openPortWarnings(settings, `--listen 127.0.0.1:${line.port}`);
  return start(() => ({ settings, problems: checkLines(settings), warnings, reloadNote: COMMAND_LINE_ONLY }), complain);
}
