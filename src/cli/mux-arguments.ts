import type { CommandRow, FlagRow } from "../core/command-line/command-row.js";
import type { MuxLine } from "../core/config/settings.js";
import { checkMuxRoute } from "../core/mux/mux-line.js";
import { MUX_OPTIONS } from "../core/mux/mux-option-rows.js";
import { DEFAULT_MUX_OPTIONS, type MuxOptions } from "../core/mux/mux-options.js";
import { REQUEST_PROTOCOLS } from "../core/mux/protocols/protocols.js";
import { parseHostPort } from "../core/net/address.js";
import { DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { findRow, type OptionRow } from "../core/options/option-table.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { DAEMON_EXITS, DAEMON_FLAGS, parseFlags, unknownCommand, wantsDebug } from "./flags.js";
import { ipOf, parseListenArgument } from "./listen-argument.js";

/** The command line of `sockproxyd mux`. */
export type MuxArguments =
  | { readonly kind: "serve"; readonly ip: string; readonly line: MuxLine; readonly debug: boolean }
  | { readonly kind: "list" }
  | { readonly kind: "help" };

/** One flag with a value. Its name, short form and default are those of the original tcp-multiplexer programs. */
interface Flag {
  /** As {@link FlagRow.names}; the last one is the key. */
  readonly names: FlagRow["names"];
  readonly value: string;
  /** The option of `[mux]` that the flag sets; undefined for an address. */
  readonly key?: string;
  /** A help in place of the help of the option. */
  readonly help?: string;
  readonly defaultText?: string;
  readonly offers?: readonly string[];
}

const NAMES = REQUEST_PROTOCOLS.map(({ framing }) => framing.name);

const NEEDS_BROADCAST = "goes with mode=broadcast: only a section [mux NAME] of a configuration file can set that";

const FLAGS: readonly Flag[] = [
  {
    names: ["p", "applicationProtocol"],
    value: "protocol",
    key: "PROT",
    help: "The protocol of the device; `mux list` lists them",
    defaultText: "echo",
    offers: NAMES,
  },
  { names: ["t", "targetServer"], value: "host:port", help: "The device", defaultText: "127.0.0.1:1234" },
  { names: ["l", "listen"], value: "port", help: "Listen on this port, or address:port", defaultText: "8000" },
  { names: ["timeout"], value: "time", key: "TIME" },
  { names: ["delay"], value: "time", key: "DLAY" },
  { names: ["retry-delay"], value: "time", key: "RTRY", help: "The same as --reconnect-backoff", defaultText: "" },
  { names: ["max-connections"], value: "n", key: "POOL" },
  { names: ["reconnect-backoff"], value: "time", key: "RTRY" },
  { names: ["health-check-interval"], value: "time", key: "HLTH" },
  { names: ["queue-size"], value: "n", key: "QLEN" },
];

function rowOf({ key }: Flag): OptionRow<MuxOptions> | undefined {
  return key === undefined ? undefined : findRow(MUX_OPTIONS, key);
}

/** A flag in words: its own ones, or those of the option that it sets. */
function flagRow(flag: Flag): FlagRow {
  const { names, value, offers } = flag;
  const row = rowOf(flag);
  const defaultText = flag.defaultText ?? row?.defaultText ?? "";
  return {
    names,
    value,
    help: flag.help ?? row?.help.join(" ").replace(/\.$/, "") ?? "",
    ...(defaultText !== "" && { defaultText }),
    ...(offers && { offers }),
  };
}

/** Reads the option that a flag sets. */
function readFlag(flag: Flag, value: string): Result<Partial<MuxOptions>> {
  return rowOf(flag)?.parse(value, "file") ?? ok({});
}

/** `sockproxyd mux`, as `--help` and the man page show it. */
export const MUX = {
  name: "mux",
  summary: "Share one device among many clients",
  usage: [
    { words: "[server] [options]", help: "Share a device; the word may be left out" },
    { words: "list", help: "List the protocols" },
  ],
  description: ["Shares one device among many clients that would each want it for themselves."],
  words: ["server", "list"],
  options: [...FLAGS.map(flagRow), ...DAEMON_FLAGS],
  notes: [
    "Times are like 1s, 500ms or 1m30s; a bare number is seconds. What more can be set, and several devices in one daemon: see [mux] in the configuration file.",
  ],
  exits: DAEMON_EXITS,
  examples: [
    { words: "mux -p modbus -t 192.168.1.30:502 -l 5020", help: "Share a Modbus device that takes one connection" },
  ],
} as const satisfies CommandRow;

/** The text of `mux list`. */
export const MUX_LIST = [...NAMES.map((name) => `* ${name}`), "", "usage for example: sockproxyd mux -p echo"].join(
  "\n",
);

/**
 * Reads the command line of `sockproxyd mux`.
 *
 * @param argv behind the word `mux`
 */
export function parseMuxArguments(argv: readonly string[]): Result<MuxArguments> {
  const flags = parseFlags(argv, MUX.options);
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [command = "server", ...more] = parsed._;
  if (more.length > 0) return fail(`unexpected argument "${more[0]}"`);
  if (command === "list") return ok({ kind: "list" });
  if (command !== "server") return fail(unknownCommand(command, ["server", "list"]));

  let mux = DEFAULT_MUX_OPTIONS;
  const given: Record<string, string> = { targetServer: "127.0.0.1:1234", listen: "8000" };
  for (const flag of FLAGS) {
    const name = flag.names.at(-1) ?? "";
    const value: unknown = parsed[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || value === "") return fail(`--${name} wants one value`);
    given[name] = value;
    const options = readFlag(flag, value);
    if (!options.ok) return fail(`bad --${name} "${value}": ${options.message}`);
    mux = { ...mux, ...options.value };
  }
  const { name } = mux.protocol.framing;
  if (!NAMES.includes(name)) return fail(`--applicationProtocol ${name} ${NEEDS_BROADCAST}`);
  const target = parseHostPort(given["targetServer"] ?? "");
  if (!target.ok) return fail(`--targetServer: ${target.message}`);
  const listen = parseListenArgument(given["listen"] ?? "");
  if (!listen.ok) return fail(`bad --listen "${given["listen"]}": port or address:port is wanted`);
  const route = checkMuxRoute({ target: target.value, options: DEFAULT_OPTIONS, mux });
  if (!route.ok) return route;
  const line = {
    port: listen.value.port,
    route: route.value,
  };
  return ok({
    kind: "serve",
    ip: ipOf(listen.value),
    line,
    debug: wantsDebug(parsed),
  });
}
