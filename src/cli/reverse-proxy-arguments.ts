import type minimist from "minimist";
import { parseHttpUrl } from "../core/config/values.js";
import { directRoute } from "../core/direct/direct-line.js";
import { parsePort } from "../core/net/address.js";
import { time } from "../core/options/value-kinds.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { CONBUS_FALLBACK } from "./cli-yml.js";
import { parseFlags, unknownCommand } from "./flags.js";

/** The command line of `sockproxyd reverse-proxy start`. */
export interface StartArguments {
  readonly kind: "start";
  readonly port: number;
  /** The file that names the server. */
  readonly config: string;
  /** The URL that alerts are posted to; empty: none. */
  readonly alertUrl: string;
  /** Options of a `[direct]` line; of one given twice the last counts. */
  readonly words: readonly string[];
}

/** The command line of `sockproxyd reverse-proxy`. */
export type ReverseProxyArguments =
  | StartArguments
  | { readonly kind: "stop" | "status"; readonly port: number }
  | { readonly kind: "help" };

/** One flag with a value. */
interface Flag {
  readonly name: string;
  readonly usage: string;
  readonly help: string;
}

const PORT = { name: "port", usage: "port", help: "The port of the proxy (default: 10001)" } as const;
const START_FLAGS: readonly Flag[] = [
  { name: "config", usage: "file", help: "Where the server stands (default: cli.yml)" },
  { name: "log", usage: "file", help: "Write what is printed to this file, too" },
  { name: "idle", usage: "time", help: "Close a connection after so long without a byte (default: 30s; 0: never)" },
  { name: "alert", usage: "url", help: "Post alerts there: server down, server back, wrong checksums" },
];
const START_SWITCHES: readonly Flag[] = [
  { name: "decode", usage: "", help: "Print the parts of every telegram, too" },
  { name: "id", usage: "", help: "Print the id of the connection in every line, too" },
];
const START_NAMES = [...START_FLAGS, ...START_SWITCHES].map(({ name }) => name);

const COMMANDS = ["start", "stop", "status"] as const;
const DEFAULTS = { port: "10001", config: "cli.yml", idle: "30" } as const;
/**
 * The options of every line. The proxy tries to connect twice a second while the timeout of cli.yml lasts, then it resets the client. It closes
 * both connections soon after one side has disconnected.
 */
const WORDS = ["MONI=conbus", "RTRY=0.5", "FAIL=reset", "HALF=5"];

function flagLine({ name, usage, help }: Flag): string {
  return `  ${`--${name} ${usage}`.padEnd(20)} ${help}`;
}

/** The text of `reverse-proxy --help`. */
export const REVERSE_PROXY_USAGE = [
  "Usage: sockproxyd reverse-proxy start [options] [KEY=value …]   Relay Conbus clients to a server, print every telegram",
  "       sockproxyd reverse-proxy status [--port port]            Show the status of a running one, as JSON",
  "       sockproxyd reverse-proxy stop [--port port]              End a running one",
  "",
  ...[PORT, ...START_FLAGS, ...START_SWITCHES].map(flagLine),
  "  -h, --help           Print this",
  "",
  "KEY=value is any option of a [direct] line, such as transport=tls, rate=10/s, cache=500ms or balance=round.",
  "",
  "The file names the server, and is read again whenever it changes. A key that is missing has this value:",
  "",
  "  conbus:",
  `    ip: ${CONBUS_FALLBACK.ip.padEnd(18)} # an address or a name; or several, as a list or with commas: host or host:port`,
  `    port: ${String(CONBUS_FALLBACK.port).padEnd(16)} # of those without one of their own`,
  `    timeout: ${String(CONBUS_FALLBACK.timeout).padEnd(13)} # seconds until a server is given up`,
  "",
  "Exit status: 0 after a clean end, 1 when something fails at run time (a port in use), 2 when options or the file are",
  "wrong, 3 when no reverse proxy runs on the port (stop, status).",
].join("\n");

/**
 * Reads the command line of `sockproxyd reverse-proxy`.
 *
 * @param argv behind the word `reverse-proxy`
 */
export function parseReverseProxyArguments(argv: readonly string[]): Result<ReverseProxyArguments> {
  const flags = parseFlags(argv, {
    string: ["_", PORT.name, ...START_FLAGS.map(({ name }) => name)],
    boolean: ["help", ...START_SWITCHES.map(({ name }) => name)],
    alias: { h: "help" },
  });
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [word = "", ...words] = parsed._;
  const command = COMMANDS.find((candidate) => candidate === word);
  if (command === undefined) return fail(word === "" ? WHICH : unknownCommand(word, COMMANDS));
  const port = readPortOf(parsed);
  if (!port.ok) return port;
  if (command === "start") return readStart(parsed, port.value, words);
  const surplus = START_NAMES.find((name) => parsed[name] !== undefined && parsed[name] !== false);
  if (surplus !== undefined) return fail(`--${surplus} goes with start`);
  return words.length > 0 ? fail(`unexpected argument "${words[0]}"`) : ok({ kind: command, port: port.value });
}

const WHICH = "start, stop or status is wanted";

/** The value of a flag, or its default. */
function flagOf(parsed: minimist.ParsedArgs, name: string): Result<string | undefined> {
  const value: unknown = parsed[name] ?? (DEFAULTS as Readonly<Record<string, string>>)[name];
  if (value === undefined) return ok(undefined);
  return typeof value === "string" && value !== "" ? ok(value) : fail(`--${name} wants one value`);
}

function readPortOf(parsed: minimist.ParsedArgs): Result<number> {
  const text = flagOf(parsed, PORT.name);
  if (!text.ok) return text;
  const port = parsePort(text.value ?? "");
  return port.ok ? port : fail(`--port: ${port.message}`);
}

function readStart(parsed: minimist.ParsedArgs, port: number, own: readonly string[]): Result<ReverseProxyArguments> {
  const given: Record<string, string | undefined> = {};
  for (const { name } of START_FLAGS) {
    const value = flagOf(parsed, name);
    if (!value.ok) return value;
    given[name] = value.value;
  }
  const { config = "", log, idle = "", alert = "" } = given;
  const idleTime = time("s").parse(idle, "file");
  if (!idleTime.ok) return fail(`bad --idle "${idle}": ${idleTime.message}`);
  const url = alert === "" ? ok("") : parseHttpUrl(alert);
  if (!url.ok) return fail(`--alert: ${url.message}`);
  const unexpected = own.find((word) => !/^[\w-]+=/.test(word));
  if (unexpected !== undefined) return fail(`unexpected argument "${unexpected}"`);
  const format = ["id", "decode"].filter((name) => parsed[name] === true);
  const words = [
    ...WORDS,
    `IDLE=${idle}`,
    ...(format.length > 0 ? [`MONF=${format.join(",")}`] : []),
    ...(log === undefined ? [] : [`MONL=${log}`]),
    ...own,
  ];
  const route = directRoute([{ host: CONBUS_FALLBACK.ip, port: CONBUS_FALLBACK.port }], words);
  return route.ok ? ok({ kind: "start", port, config, alertUrl: url.value, words }) : route;
}
