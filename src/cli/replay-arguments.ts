import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import { type HostPort, parseHostPort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { parseFlags } from "./flags.js";

/** The command line of `sockproxyd replay`. */
export type ReplayArguments =
  | {
      readonly kind: "replay";
      readonly path: string;
      readonly listen: HostPort;
      readonly timing: boolean;
      /** The device of the recording, `host:port`; undefined: the only one. */
      readonly device?: string;
    }
  | { readonly kind: "help" };

const HERE = "127.0.0.1";

/** `sockproxyd replay`, as `--help` and the man page show it. */
export const REPLAY = {
  name: "replay",
  summary: "Answer as a recorded device did",
  usage: [{ words: "file --listen port [options]" }],
  description: [
    "Plays the device of a recording (sockproxyd record) until Ctrl-C. The same request gets its answers in their recorded order, then the last one again. A request that was not recorded gets the error of its protocol, or silence, and a line here. What the device said unasked comes as long after a client has connected as it did then.",
  ],
  arguments: [{ name: "file", help: "The recording", offers: "files" }],
  options: [
    {
      names: ["l", "listen"],
      value: "[address:]port",
      help: "Where clients find the device; without an address on this machine only",
    },
    { names: ["timing"], help: "Answer as slowly as the device did; else at once" },
    { names: ["device"], value: "host:port", help: "Which device, where the recording has several" },
    HELP_FLAG,
  ],
  exits: [
    [0, "after a clean end"],
    [1, "when the file cannot be read or the port is in use"],
    [2, "when options are wrong"],
  ],
  examples: [
    { words: "replay inverter.rec --listen 5020 --timing", help: "The inverter, on port 5020 of this machine" },
  ],
} as const satisfies CommandRow;

/**
 * Reads the command line of `sockproxyd replay`.
 *
 * @param argv behind the word `replay`
 */
export function parseReplayArguments(argv: readonly string[]): Result<ReplayArguments> {
  const flags = parseFlags(argv, REPLAY.options);
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [path, ...more] = parsed._;
  if (path === undefined || path === "") return fail("a file is wanted");
  if (more.length > 0) return fail(`unexpected argument "${more[0]}"`);
  const text: unknown = parsed["listen"];
  if (typeof text !== "string" || text === "") return fail("--listen: one port is wanted");
  const listen = parseHostPort(/^:?\d+$/.test(text) ? `${HERE}:${text.replace(":", "")}` : text);
  if (!listen.ok) return fail(`bad --listen "${text}": port or address:port is wanted`);
  const device: unknown = parsed["device"];
  if (device !== undefined && (typeof device !== "string" || device === "")) return fail("--device: one is wanted");
  const timing = Boolean(parsed["timing"]);
  return ok({ kind: "replay", path, listen: listen.value, timing, ...(device !== undefined && { device }) });
}
