import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import { ok, type Result } from "../core/parse/result.js";
import { type DaemonPlace, PLACE_ARGUMENT, PLACE_FLAGS, readDaemonWords } from "./daemon-place.js";
import { parseFlags } from "./flags.js";

const USAGE = [{ words: "[host:port] [options]" }] as const;

/** `sockproxyd stop`, as `--help` and the man page show it. */
export const STOP = {
  name: "stop",
  summary: "End a running daemon",
  usage: USAGE,
  description: [
    "Ends a running daemon, and waits until its port is closed, 20 s at most. By default a daemon obeys its own machine only: [access] stop.",
  ],
  arguments: [PLACE_ARGUMENT],
  options: [...PLACE_FLAGS, HELP_FLAG],
  exits: [
    [0, "when it has ended"],
    [1, "when it refuses or is not there"],
    [2, "when arguments are wrong"],
  ],
  examples: [{ words: "stop -c /etc/sockproxyd.conf", help: "End the daemon that runs with this file" }],
} as const satisfies CommandRow;

/** `sockproxyd reload`, as `--help` and the man page show it. */
export const RELOAD = {
  name: "reload",
  summary: "Have a running daemon read its configuration again",
  usage: USAGE,
  description: [
    "Has a running daemon read its configuration again, and waits until that is done. Connections stay open. Where the file is wrong nothing changes. A daemon obeys its own machine only.",
  ],
  arguments: [PLACE_ARGUMENT],
  options: [...PLACE_FLAGS, HELP_FLAG],
  exits: [
    [0, "when the configuration is in force"],
    [1, "when it is wrong, or the daemon refuses or is not there"],
    [2, "when arguments are wrong"],
  ],
  examples: [{ words: "reload", help: "Reload the daemon on port 2504" }],
} as const satisfies CommandRow;

/** `sockproxyd upgrade`, as `--help` and the man page show it. */
export const UPGRADE = {
  name: "upgrade",
  summary: "Replace a running daemon by the program on disk",
  usage: USAGE,
  description: [
    "Has a running daemon start the program that is on disk now, as it was started itself, and hand over its ports and its connections. They stay open. What cannot move ends within 60 s in the old process. Where the new one is not there after 10 s nothing changes. Who may stop a daemon may upgrade it: [access] stop.",
  ],
  arguments: [PLACE_ARGUMENT],
  options: [...PLACE_FLAGS, HELP_FLAG],
  exits: [
    [0, "when the new process serves"],
    [1, "when it does not start, or the daemon refuses or is not there"],
    [2, "when arguments are wrong"],
  ],
  examples: [{ words: "upgrade", help: "Upgrade the daemon on port 2504, whose program was replaced" }],
} as const satisfies CommandRow;

/** The command line of a command for a running daemon. */
export type ControlArguments = { readonly kind: "help" } | { readonly kind: "ask"; readonly daemon: DaemonPlace };

/**
 * Reads the command line of `sockproxyd stop`, `sockproxyd reload` and `sockproxyd upgrade`.
 *
 * @param argv behind the name of the command
 */
export function parseControlArguments(row: CommandRow, argv: readonly string[]): Result<ControlArguments> {
  const flags = parseFlags(argv, row.options);
  if (!flags.ok) return flags;
  if (flags.value["help"]) return ok({ kind: "help" });
  const daemon = readDaemonWords(flags.value);
  return daemon.ok ? ok({ kind: "ask", daemon: daemon.value }) : daemon;
}
