import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import type { Side } from "../core/monitor/byte-event.js";
import { PROTOCOLS } from "../core/mux/protocols/protocols.js";
import { parsePort } from "../core/net/address.js";
import { time } from "../core/options/value-kinds.js";
import { parseInteger } from "../core/parse/number.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { MASK_FORMS, type MaskRule, parseMask } from "../core/record/mask-patterns.js";
import { parseFlags } from "./flags.js";
import type { Watched } from "./settle-selection.js";
import { readSelection, SELECTION, SELECTION_FLAGS } from "./watch-selection.js";

/** The command line of `sockproxyd record`. */
export type RecordArguments =
  | (Watched & {
      readonly kind: "record";
      /** `-` is stdout. */
      readonly path: string;
      /** The protocol of connections of which the daemon knows none. */
      readonly protocol?: string;
      readonly rules: readonly MaskRule[];
      /** Of a shared device: which side is left out. */
      readonly left: Side;
      readonly maxMs: number;
      readonly maxBytes: number;
    })
  | { readonly kind: "help" };

const DEFAULTS = { time: "1h", size: "16" } as const;
const MAX_MS = 30 * 86_400_000;
const MIB = 1_048_576;
const MAX_MIB = 1024;
const NAMES = PROTOCOLS.map(({ framing }) => framing.name);

/** `sockproxyd record`, as `--help` and the man page show it. */
export const RECORD = {
  name: "record",
  summary: "Record what a device says, for a bug report",
  usage: [{ words: "file [host:port] [filter] [options]" }],
  description: [
    "Writes the messages that pass a running daemon to a file that people can read and mail, until Ctrl-C. `sockproxyd replay` answers from it as the device did. Of a shared device the file has what the device said and heard.",
  ],
  arguments: [{ name: "file", help: "The recording; -: to stdout", offers: "files" }, ...SELECTION],
  options: [
    {
      names: ["mask"],
      value: "what",
      help: `Hide this in messages, as often as wanted: ${MASK_FORMS}. Lengths stay, checksums are made right`,
    },
    { names: ["time"], value: "time", help: "End after so long: 90s, 10m, 1h", defaultText: DEFAULTS.time },
    { names: ["size"], value: "MiB", help: "End when the file has this size", defaultText: DEFAULTS.size },
    {
      names: ["as"],
      value: "protocol",
      help: `The protocol, where neither the port nor the first bytes tell it: ${NAMES.join(", ")}`,
      offers: NAMES,
    },
    ...SELECTION_FLAGS,
    HELP_FLAG,
  ],
  exits: [
    [0, "when the recording is whole"],
    [1, "when the daemon cannot be reached or refuses, or the file cannot be written"],
    [2, "when options are wrong"],
  ],
  examples: [
    {
      words: "record inverter.rec --only 5020 --mask registers:40-55",
      help: "The device of port 5020, without its serial number",
    },
    { words: "record panel.rec --mask passwords --mask '/code=([0-9]+)/'", help: "Without passwords and codes" },
  ],
} as const satisfies CommandRow;

/**
 * Reads the command line of `sockproxyd record`.
 *
 * @param argv behind the word `record`
 */
export function parseRecordArguments(argv: readonly string[]): Result<RecordArguments> {
  const flags = parseFlags(argv, RECORD.options);
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [path, ...words] = parsed._;
  if (path === undefined || path === "") return fail("a file is wanted");
  const selection = readSelection(parsed, words);
  if (!selection.ok) return selection;
  const { filter, ...daemon } = selection.value;
  const given = { ...DEFAULTS, ...parsed } as Record<string, unknown>;
  const protocol = given["as"];
  if (protocol !== undefined && !NAMES.includes(String(protocol))) {
    return fail(`bad --as "${String(protocol)}": one of ${NAMES.join(", ")} is wanted`);
  }
  const maxMs = time("s", 1000, MAX_MS).parse(String(given["time"]), "file");
  if (!maxMs.ok) return fail(`bad --time "${String(given["time"])}": ${maxMs.message}`);
  const size = parseInteger(String(given["size"]), 1, MAX_MIB);
  if (!size.ok) return fail(`bad --size "${String(given["size"])}": ${size.message}`);
  const rules: MaskRule[] = [];
  for (const text of [given["mask"] ?? []].flat()) {
    const rule = parseMask(String(text));
    if (!rule.ok) return rule;
    rules.push(...rule.value);
  }
  const command = ["WTCH", filter, "BYTE=hex"].filter((word) => word !== undefined).join(" ");
  const left: Side = filter === undefined || parsePort(filter).ok ? "client" : "server"; // a client's connection has no other side
  const limits = { maxMs: maxMs.value, maxBytes: size.value * MIB };
  return ok({
    ...{ kind: "record", path, ...daemon, command, rules, left, ...limits },
    ...(protocol !== undefined && { protocol: String(protocol) }),
  });
}
