import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import { ok, type Result } from "../core/parse/result.js";
import { type DaemonPlace, PLACE_ARGUMENT, PLACE_FLAGS, readDaemonWords } from "./daemon-place.js";
import { parseFlags } from "./flags.js";

/** `sockproxyd status`, as `--help` and the man page show it. */
export const STATUS = {
  name: "status",
  summary: "Show what a running daemon does, and what is wrong",
  usage: [{ words: "[host:port] [options]" }],
  description: [
    "Shows what is wrong with a running daemon and what it talks to, since when and why; then its lines, shared devices and their published values, tunnels, the MQTT broker, webhooks and connections.",
  ],
  arguments: [PLACE_ARGUMENT],
  options: [
    { names: ["w", "watch"], help: "Show it anew every second, with rates, until q or Ctrl-C" },
    { names: ["json"], help: "Print all of it as the JSON of STAT, for programs" },
    ...PLACE_FLAGS,
    HELP_FLAG,
  ],
  notes: [
    "Numbers are short: 12k is 12,000. in and out are bytes from the remote and to it. What a terminal has no room for is left out; a pipe gets everything.",
  ],
  exits: [
    [0, "when it is shown"],
    [1, "when the daemon cannot be asked"],
    [2, "when arguments are wrong"],
  ],
  examples: [
    { words: "status --watch", help: "Look at the daemon on port 2504 as it works" },
    { words: "status hub:2504 --json", help: "All that a daemon elsewhere tells, for a program" },
  ],
} as const satisfies CommandRow;

/** The command line of `sockproxyd status`. */
export type StatusArguments =
  | { readonly kind: "help" }
  | { readonly kind: "show"; readonly daemon: DaemonPlace; readonly watch: boolean; readonly json: boolean };

/**
 * Reads the command line of `sockproxyd status`.
 *
 * @param argv behind the word `status`
 */
export function parseStatusArguments(argv: readonly string[]): Result<StatusArguments> {
  const flags = parseFlags(argv, STATUS.options);
  if (!flags.ok) return flags;
  const { help, watch, json } = flags.value;
  if (help === true) return ok({ kind: "help" });
  const daemon = readDaemonWords(flags.value);
  return daemon.ok ? ok({ kind: "show", daemon: daemon.value, watch: watch === true, json: json === true }) : daemon;
}
