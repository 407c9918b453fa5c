import { DEFAULT_SETTINGS } from "../core/config/keys.js";
import { openPortWarnings } from "../core/config/open-ports.js";
import type { Settings } from "../core/config/settings.js";
import { help } from "./help.js";
import { checkLines } from "./load-config.js";
import { COMMAND_LINE_ONLY, type Complain, misused, type Started } from "./outcome.js";
import { start } from "./start.js";
import { parseTunnelArguments, TUNNEL } from "./tunnel-arguments.js";

/**
 * Runs `sockproxyd tunnel …`: a daemon that does nothing but be one side of a tunnel (docs/tunnel.md). The device's side
 * listens on nothing: its link, or the wait for another attempt, is what keeps it running.
 *
 * @param argv behind the word `tunnel`
 */
export async function tunnel(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseTunnelArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd tunnel --help`);
  if (parsed.value.kind === "help") return help(TUNNEL);
  const own = parsed.value.kind === "server" ? serverOf(parsed.value) : parsed.value.values;
  const settings = Object.freeze({
    ...DEFAULT_SETTINGS,
    ...own,
    debug: parsed.value.debug,
    port: 0,
    linesEssential: true,
  });
  const warnings = openPortWarnings(settings, "an address such as 127.0.0.1, or a secret (SECR) for the device,");
  return start(() => ({ settings, problems: checkLines(settings), warnings, reloadNote: COMMAND_LINE_ONLY }), complain);
}

function serverOf({ ip, line }: { ip: string; line: Settings["tunnel"][number] }): Partial<Settings> {
  return { ip, tunnel: [line] };
}
