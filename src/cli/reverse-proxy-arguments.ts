import type minimist from "minimist";
import { type CommandRow, type FlagRow, HELP_FLAG } from "../core/command-line/command-row.js";
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

/** The command line of `sockproxyd reverse-proxy status`. */
export interface StatusArguments {
  readonly kind: "status";
  /** Left out: the one that runs. */
  readonly port?: number;
  /** Left out: a form for people on a terminal, JSON elsewhere. */
  readonly form?: StatusForm;
}

/** How the status is shown. */
export type StatusForm = "text" | "json";

/** The command line of `sockproxyd reverse-proxy`. */
export type ReverseProxyArguments =
  | StartArguments
  | { readonly kind: "stop"; readonly port: number }
  | StatusArguments
  | { readonly kind: "help" };

const PORT = "port";
const START_FLAGS: readonly FlagRow[] = [
  { names: ["config"], value: "file", help: "Where the server stands", defaultText: "cli.yml", offers: "files" },
  { names: ["log"], value: "file", help: "Write what is printed to this file, too", offers: "files" },
  {
    names: ["idle"],
    value: "time",
    help: "Close a connection after so long without a byte; 0: never",
    defaultText: "30s",
  },
  { names: ["alert"], value: "url", help: "Post alerts there: server down, server back, wrong checksums" },
  { names: ["decode"], help: "Print the parts of every telegram, too" },
  { names: ["id"], help: "Print the id of the connection in every line, too" },
];

const FORMS: readonly StatusForm[] = ["json", "text"];
const COMMANDS = ["start", "stop", "status"] as const;
/** The port of a reverse proxy that nobody has told another one. */
export const DEFAULT_PORT = "10001";
const DEFAULTS = { port: DEFAULT_PORT, config: "cli.yml", idle: "30" } as const;
/**
 * The options of every line. The proxy tries to connect twice a second while the timeout of cli.yml lasts, then it resets the client. It closes
 * both connections soon after one side has disconnected.
 */
const WORDS = ["MONI=conbus", "RTRY=0.5", "FAIL=reset", "HALF=5"];

/** `sockproxyd reverse-proxy`, as `--help` and the man page show it. */
export const REVERSE_PROXY = {
  name: "reverse-proxy",
  summary: "Relay to a Conbus server, print every telegram",
  usage: [
    { words: "start [options] [KEY=value ...]", help: "Relay Conbus clients to a server, print every telegram" },
    {
      words: "status [--port port] [--json | --text]",
      help: "Show the status of a running one; without a port of the one that runs",
    },
    { words: "stop [--port port]", help: "End a running one" },
  ],
  description: [],
  words: COMMANDS,
  options: [
    { names: [PORT], value: "port", help: "The port of the proxy", defaultText: DEFAULTS.port },
    ...START_FLAGS,
    { names: ["json"], help: "Show the status as JSON, for programs: the default where no terminal reads it" },
    { names: ["text"], help: "Show the status for people: the default on a terminal" },
    HELP_FLAG,
  ],
  notes: [
    "KEY=value is any option of a [direct] line, such as transport=tls, rate=10/s, cache=500ms or balance=round.",
    "The file names the server, and is read again whenever it changes. A key that is missing has this value:",
    [
      "  conbus:",
      `    ip: ${CONBUS_FALLBACK.ip.padEnd(14)} # an address or a name, or several: host or host:port`,
      `    port: ${String(CONBUS_FALLBACK.port).padEnd(12)} # of those without one of their own`,
      `    timeout: ${String(CONBUS_FALLBACK.timeout).padEnd(9)} # seconds until a server is given up`,
    ].join("\n"),
  ],
  exits: [
    [0, "after a clean end"],
    [1, "when something fails at run time (a port in use)"],
    [2, "when options or the file are wrong"],
    [3, "when no reverse proxy runs on the port (stop, status)"],
  ],
  examples: [
    { words: "reverse-proxy start --port 10009 --decode", help: "Show what Conbus clients of port 10009 say" },
  ],
} as const satisfies CommandRow;

/**
 * Reads the command line of `sockproxyd reverse-proxy`.
 *
 * @param argv behind the word `reverse-proxy`
 */
export function parseReverseProxyArguments(argv: readonly string[]): Result<ReverseProxyArguments> {
  const flags = parseFlags(argv, REVERSE_PROXY.options);
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [word = "", ...words] = parsed._;
  const command = COMMANDS.find((candidate) => candidate === word);
  if (command === undefined) return fail(word === "" ? WHICH : unknownCommand(word, COMMANDS));
  const port = readPortOf(parsed);
  if (!port.ok) return port;
  const forms = FORMS.filter((name) => parsed[name] === true);
  if (forms.length > 1) return fail("--json or --text: one of them is enough");
  if (command !== "status" && forms.length > 0) return fail(`--${forms[0]} goes with status`);
  if (command === "start") return readStart(parsed, port.value, words);
  const surplus = START_FLAGS.map(({ names: [name] }) => name).find(
    (name) => parsed[name] !== undefined && parsed[name] !== false,
  );
  if (surplus !== undefined) return fail(`--${surplus} goes with start`);
  if (words.length > 0) return fail(`unexpected argument "${words[0]}"`);
  if (command === "stop") return ok({ kind: command, port: port.value });
  const [form] = forms;
  return ok({ kind: command, ...(parsed[PORT] !== undefined && { port: port.value }), ...(form && { form }) });
}

const WHICH = "start, stop or status is wanted";

/** The value of a flag, or its default. */
function flagOf(parsed: minimist.ParsedArgs, name: string): Result<string | undefined> {
  const value: unknown = parsed[name] ?? (DEFAULTS as Readonly<Record<string, string>>)[name];
  if (value === undefined) return ok(undefined);
  return typeof value === "string" && value !== "" ? ok(value) : fail(`--${name} wants one value`);
}

function readPortOf(parsed: minimist.ParsedArgs): Result<number> {
  const text = flagOf(parsed, PORT);
  if (!text.ok) return text;
  const port = parsePort(text.value ?? "");
  return port.ok ? port : fail(`--port: ${port.message}`);
}

function readStart(parsed: minimist.ParsedArgs, port: number, own: readonly string[]): Result<ReverseProxyArguments> {
  const given: Record<string, string | undefined> = {};
  for (const {
    names: [name],
    value: wanted,
  } of START_FLAGS) {
    if (wanted === undefined) continue;
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
