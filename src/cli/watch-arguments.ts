import type minimist from "minimist";
import { type CommandRow, flagText, HELP_FLAG } from "../core/command-line/command-row.js";
import type { FormatWord } from "../core/monitor/format.js";
import { findView, VIEWS } from "../core/monitor/views/views.js";
import { parsePort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { type DaemonPlace, PLACE_ARGUMENT, PLACE_FLAGS, readPlace } from "./daemon-place.js";
import { parseFlags } from "./flags.js";

/** The command line of `sockproxyd watch`. */
export type WatchArguments =
  | {
      readonly kind: "watch";
      readonly daemon: DaemonPlace;
      readonly command: string;
      readonly json: boolean;
    }
  | { readonly kind: "help" };

const REVERSE_PROXY = "reverse-proxy";
const VIEW_NAMES = VIEWS.map(({ name }) => name);
const WORDS: readonly FormatWord[] = ["id", "decode", "json"];

/** `sockproxyd watch`, as `--help` and the man page show it. */
export const WATCH = {
  name: "watch",
  summary: "Show the messages that pass a running daemon",
  usage: [{ words: "[host:port] [filter] [options]" }, { words: "--reverse-proxy port [filter] [options]" }],
  description: [
    "Shows the messages that pass a running daemon, as they pass, until Ctrl-C. Those of a shared device begin with the address of the client that they are from or for. When the daemon goes away, watch waits for it.",
  ],
  arguments: [
    { ...PLACE_ARGUMENT, help: "The daemon's proxy port (default: 127.0.0.1:2504)" },
    { name: "filter", help: "Only the connection with this id, as STAT shows it, or those of this port" },
  ],
  options: [
    {
      names: ["as"],
      value: "view",
      help: `How to show connections that have no MONI: ${VIEW_NAMES.join(", ")}`,
      defaultText: "for mux ports the view of their protocol, else hex",
      offers: VIEW_NAMES,
    },
    { names: ["decode"], help: "Show the parts of each message, too" },
    { names: ["id"], help: "Show the connection's id" },
    { names: ["json"], help: "A line of JSON for each message" },
    { names: [REVERSE_PROXY], value: "port", help: "The reverse proxy of this user with this port, on this machine" },
    ...PLACE_FLAGS,
    HELP_FLAG,
  ],
  exits: [
    [0, "when nobody reads any more"],
    [1, "when the daemon cannot be reached or refuses"],
    [2, "when options are wrong"],
  ],
  examples: [
    { words: "watch --as modbus --decode", help: "The messages of all connections, each with its parts" },
    { words: "watch 192.168.0.20:2504 5020", help: "Those of port 5020 of a daemon elsewhere" },
  ],
} as const satisfies CommandRow;

/**
 * Reads the command line of `sockproxyd watch`.
 *
 * @param argv behind the word `watch`
 */
export function parseWatchArguments(argv: readonly string[]): Result<WatchArguments> {
  const flags = parseFlags(argv, WATCH.options);
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const words = [...parsed._];
  const daemon = readDaemon(parsed, words);
  if (!daemon.ok) return daemon;
  const [filter, ...more] = words;
  if (more.length > 0) return fail(`unexpected argument "${more[0]}"`);
  const view: unknown = parsed["as"];
  if (view !== undefined && (typeof view !== "string" || findView(view) === undefined)) {
    return fail(`bad --as "${view}": one of ${VIEW_NAMES.join(", ")} is wanted`);
  }
  const format: readonly FormatWord[] = ["client", ...WORDS.filter((word) => parsed[word])];
  const command = ["WTCH", filter, view === undefined ? undefined : `MONI=${view}`, `MONF=${format.join(",")}`];
  const said = command.filter((word) => word !== undefined).join(" ");
  return ok({ kind: "watch", daemon: daemon.value, command: said, json: format.includes("json") });
}

/** The command for a daemon before 1.7.0, which does not know the format word `client`: an update of the package restarts no daemon. */
export function withoutClient(command: string): string {
  return command.replace(/ MONF=client$/, "").replace("MONF=client,", "MONF=");
}

/** @param words this function removes an address in front */
function readDaemon(parsed: minimist.ParsedArgs, words: string[]): Result<DaemonPlace> {
  const reverseProxy: unknown = parsed[REVERSE_PROXY];
  if (reverseProxy === undefined) return readPlace(parsed, words[0]?.includes(":") ? words.shift() : undefined);
  const port = parsePort(String(reverseProxy));
  if (!port.ok) return fail(`--${REVERSE_PROXY}: ${port.message}`);
  const other = PLACE_FLAGS.flatMap(({ names }) => names).find((name) => parsed[name]);
  if (other !== undefined) return fail(`${flagText(other)} goes without --${REVERSE_PROXY}`);
  return ok({ address: { reverseProxy: port.value } });
}
