import type minimist from "minimist";
import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import type { FormatWord } from "../core/monitor/format.js";
import type { View } from "../core/monitor/view.js";
import { findView, VIEWS } from "../core/monitor/views/views.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { parseFlags } from "./flags.js";
import type { Watched } from "./settle-selection.js";
import { readSelection, SELECTION, SELECTION_FLAGS } from "./watch-selection.js";

/** The command line of `sockproxyd watch`. */
export type WatchArguments = ({ readonly kind: "watch"; readonly shows: Shows } & Watched) | { readonly kind: "help" };

/** What the command makes: lines as the daemon has them, a line for each exchange, or a capture. */
export type Shows =
  | { readonly kind: "lines" | "json" }
  | { readonly kind: "short"; readonly view?: View; readonly id: boolean }
  /** `path`: `-` is stdout. */
  | { readonly kind: "pcap"; readonly path: string };

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
  arguments: SELECTION,
  options: [
    {
      names: ["as"],
      value: "view",
      help: `How to show connections that have no MONI: ${VIEW_NAMES.join(", ")}`,
      defaultText: "for mux ports the view of their protocol, else hex",
      offers: VIEW_NAMES,
    },
    {
      names: ["short"],
      help: "One line for each request and its answer, with the time between them; on a terminal as wide as that",
    },
    {
      names: ["pcap"],
      value: "file",
      help: "Write a capture (pcapng) for Wireshark; -: to stdout",
      offers: "files",
    },
    { names: ["decode"], help: "Show the parts of each message, too" },
    { names: ["id"], help: "Show the connection's id" },
    { names: ["json"], help: "A line of JSON for each message" },
    ...SELECTION_FLAGS,
    HELP_FLAG,
  ],
  exits: [
    [0, "when nobody reads any more"],
    [1, "when the daemon cannot be reached or refuses"],
    [2, "when options are wrong"],
  ],
  examples: [
    { words: "watch --short", help: "Who asks what, the answer, and how long it took" },
    { words: "watch --as modbus --decode", help: "The messages of all connections, each with its parts" },
    { words: "watch 192.168.0.20:2504 --only 5020", help: "Those of port 5020 of a daemon elsewhere" },
    { words: "watch --pcap - | wireshark -k -i -", help: "The same in Wireshark, while they pass" },
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
  const selection = readSelection(parsed, parsed._);
  if (!selection.ok) return selection;
  const { filter, ...daemon } = selection.value;
  const view: unknown = parsed["as"];
  if (view !== undefined && (typeof view !== "string" || findView(view) === undefined)) {
    return fail(`bad --as "${view}": one of ${VIEW_NAMES.join(", ")} is wanted`);
  }
  const shows = readShows(parsed);
  if (!shows.ok) return shows;
  const format: readonly FormatWord[] = ["client", ...WORDS.filter((word) => parsed[word])];
  const how = ["short", "pcap"].includes(shows.value.kind) ? "BYTE=hex" : `MONF=${format.join(",")}`;
  const words = ["WTCH", filter, view === undefined ? undefined : `MONI=${view}`, how];
  const command = words.filter((word) => word !== undefined).join(" ");
  return ok({ kind: "watch", ...daemon, command, shows: shows.value });
}

/** What is to be made. @param parsed its view is known */
function readShows(parsed: minimist.ParsedArgs): Result<Shows> {
  const { as, json, short, decode, id, pcap } = parsed;
  const other = [pcap !== undefined && "pcap", json && "json", decode && "decode"].find(Boolean);
  if (short && other) return fail(`--short goes without --${other}`);
  if (pcap !== undefined) {
    const refused = [json && "json", decode && "decode", id && "id", as !== undefined && "as"].find(Boolean);
    if (refused) return fail(`--pcap goes without --${refused}: Wireshark decodes the bytes`);
    if (typeof pcap !== "string" || pcap === "") return fail("--pcap: one file is wanted, or - for stdout");
    return ok({ kind: "pcap", path: pcap });
  }
  if (!short) return ok({ kind: json ? "json" : "lines" });
  const view = as === undefined ? undefined : findView(String(as));
  return ok({ kind: "short", id: Boolean(id), ...(view && { view }) });
}

/** The command for a daemon before 1.7.0, which does not know the format word `client`: an update of the package restarts no daemon. */
export function withoutClient(command: string): string {
  return command.replace(/ MONF=client$/, "").replace("MONF=client,", "MONF=");
}
