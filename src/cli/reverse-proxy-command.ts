import { controlPaths } from "../control/socket-folder.js";
import { DEFAULT_SETTINGS } from "../core/config/keys.js";
import { openPortWarnings } from "../core/config/open-ports.js";
import type { LoadedConfig } from "../core/config/settings.js";
import { directRoute } from "../core/direct/direct-line.js";
import { systemClock } from "../system/clock.js";
import { WatchedFile } from "../system/watched-file.js";
import { parseCliYml } from "./cli-yml.js";
import { askControlSocket } from "./control-socket.js";
import { help } from "./help.js";
import { checkLines } from "./load-config.js";
import { type Complain, failed, misused, type Started } from "./outcome.js";
import { parseReverseProxyArguments, REVERSE_PROXY, type StartArguments } from "./reverse-proxy-arguments.js";
import { printStatus, stopReverseProxy } from "./reverse-proxy-control.js";
import { isSuccessor, start } from "./start.js";

const REMEDY = "a firewall, or a [direct] line with [access] clients in a configuration file,";

/**
 * Runs `sockproxyd reverse-proxy …`: a daemon that does nothing but relay Conbus clients to the server of `cli.yml` and show
 * what passes (docs/reverse-proxy.md), and the commands for one that runs.
 *
 * @param argv behind the word `reverse-proxy`
 */
export async function reverseProxy(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseReverseProxyArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd reverse-proxy --help`);
  switch (parsed.value.kind) {
    case "help":
      return help(REVERSE_PROXY);
    case "status":
      return printStatus(parsed.value);
    case "stop":
      return stopReverseProxy(parsed.value.port);
    case "start":
      return startReverseProxy(parsed.value, complain);
  }
}

async function startReverseProxy(wanted: StartArguments, complain: Complain): Promise<Started> {
  const { port, config } = wanted;
  const paths = controlPaths(port);
  const running = isSuccessor() ? undefined : await askControlSocket(paths, []);
  if (running?.kind === "told") {
    return failed(`already running on port ${port}`);
  }
  const file = new WatchedFile(config, systemClock);
  const started = await start(() => load(wanted, paths[0], file), complain);
  if (started.kind !== "running") return started;
  const { daemon } = started;
  file.watch(() => void daemon.reload(`${config} changed`));
  void daemon.stopped.then(() => file.close());
  return started;
}

/** The settings of a daemon with this one job. Reads the file again on each call. */
function load({ port, alertUrl, words }: StartArguments, control: string, file: WatchedFile): LoadedConfig {
  const base = {
    ...DEFAULT_SETTINGS,
    alertUrl,
    port: 0,
    linesEssential: true,
    logStyle: "clock",
    control,
  } as const;
  const text = file.read();
  const parsed = text.ok ? parseCliYml(text.value, file.path) : text;
  if (!parsed.ok) return { settings: base, problems: [parsed.message] };
  const { servers, timeoutMs, warnings } = parsed.value;
  const route = directRoute(servers, [`CTIM=${timeoutMs}`, ...words]);
  if (!route.ok) return { settings: base, problems: [`${file.path}: ${route.message}`] };
  const line = { port, route: route.value };
  const settings = Object.freeze({ ...base, direct: [line] });
  const problems = checkLines(settings).map((problem) => `${file.path}: ${problem}`);
  return { settings, problems, warnings: [...warnings, ...openPortWarnings(settings, REMEDY)] };
}
