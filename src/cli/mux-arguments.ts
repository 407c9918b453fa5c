import type { MuxLine } from "../core/config/settings.js";
import { checkMuxRoute } from "../core/mux/mux-line.js";
import { MUX_OPTIONS } from "../core/mux/mux-option-rows.js";
import { DEFAULT_MUX_OPTIONS, type MuxOptions } from "../core/mux/mux-options.js";
import { REQUEST_PROTOCOLS } from "../core/mux/protocols/protocols.js";
import { parseHostPort } from "../core/net/address.js";
import { DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { findRow, type OptionRow } from "../core/options/option-table.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { parseFlags, SWITCHES, unknownCommand, wantsDebug } from "./flags.js";
import { ipOf, parseListenArgument } from "./listen-argument.js";

/** The command line of `sockproxyd mux`. */
export type MuxArguments =
  | { readonly kind: "serve"; readonly ip: string; readonly line: MuxLine; readonly debug: boolean }
  | { readonly kind: "list" }
  | { readonly kind: "help" };

/** One flag with a value. Its name, short form and default are those of the original tcp-multiplexer programs. */
interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly usage: string;
  /** The option of `[mux]` that the flag sets; undefined for an address. */
  readonly key?: string;
  /** A help in place of the help of the option. */
  readonly help?: string;
}

const NAMES = REQUEST_PROTOCOLS.map(({ framing }) => framing.name);

const NEEDS_BROADCAST = "goes with mode=broadcast: only a section [mux NAME] of a configuration file can set that";

const PROTOCOL_HELP = "The protocol of the device; `mux list` lists them (default: echo)";

const FLAGS: readonly Flag[] = [
  { name: "applicationProtocol", short: "p", usage: "protocol", key: "PROT", help: PROTOCOL_HELP },
  { name: "targetServer", short: "t", usage: "host:port", help: "The device (default: 127.0.0.1:1234)" },
  { name: "listen", short: "l", usage: "port", help: "Listen on this port, or address:port (default: 8000)" },
  { name: "timeout", usage: "time", key: "TIME" },
  { name: "delay", usage: "time", key: "DLAY" },
  { name: "retry-delay", usage: "time", key: "RTRY", help: "The same as --reconnect-backoff" },
  { name: "max-connections", usage: "n", key: "POOL" },
  { name: "reconnect-backoff", usage: "time", key: "RTRY" },
  { name: "health-check-interval", usage: "time", key: "HLTH" },
  { name: "queue-size", usage: "n", key: "QLEN" },
];

function rowOf({ key }: Flag): OptionRow<MuxOptions> | undefined {
  return key === undefined ? undefined : findRow(MUX_OPTIONS, key);
}

function helpOf(flag: Flag): string {
  const row = rowOf(flag);
  return flag.help ?? `${row?.help.join(" ").replace(/\.$/, "")} (default: ${row?.defaultText})`;
}

/** Reads the option that a flag sets. */
function readFlag(flag: Flag, value: string): Result<Partial<MuxOptions>> {
  return rowOf(flag)?.parse(value, "file") ?? ok({});
}

/** The text of `mux --help`. */
export const MUX_USAGE = [
  "Usage: sockproxyd mux [server] [options]   Share one device among many clients",
  "       sockproxyd mux list                 List the protocols",
  "",
  ...FLAGS.map((flag) => {
    const { name, short, usage } = flag;
    const words = `${short === undefined ? "   " : `-${short},`} --${name} ${usage}`;
    return `  ${words.padEnd(36)} ${helpOf(flag)}`;
  }),
  "  -v, --verbose, -d, --debug           Log every read and write",
  "  -h, --help                           Print this",
  "",
  "Times are like 1s, 500ms or 1m30s; a bare number is seconds. What more can be set, and several devices in one",
  "daemon: see [mux] in the configuration file.",
].join("\n");

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
  const flags = parseFlags(argv, {
    string: FLAGS.map(({ name }) => name),
    boolean: Object.values(SWITCHES),
    alias: { ...SWITCHES, ...Object.fromEntries(FLAGS.flatMap(({ name, short }) => (short ? [[short, name]] : []))) },
  });
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
    const { name } = flag;
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
