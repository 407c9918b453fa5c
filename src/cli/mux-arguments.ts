import type { MuxLine } from "../core/config/settings.js";
import { checkMuxRoute } from "../core/mux/mux-line.js";
import { DEFAULT_MUX_OPTIONS, MAX_LINKS, MAX_QUEUE, type MuxOptions } from "../core/mux/mux-options.js";
import { findProtocol, REQUEST_PROTOCOLS } from "../core/mux/protocols/protocols.js";
import { parseHostPort } from "../core/net/address.js";
import { DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { parseDuration } from "../core/parse/duration.js";
import { didYouMean } from "../core/parse/near-miss.js";
import { parseInteger } from "../core/parse/number.js";
import { fail, map, ok, type Result } from "../core/parse/result.js";
import { parseFlags, SWITCHES, unknownCommand, wantsDebug } from "./flags.js";
import { ipOf, parseListen } from "./listen-argument.js";

/** What `sockproxyd mux` is asked for. */
export type MuxArguments =
  | { readonly kind: "serve"; readonly ip: string; readonly line: MuxLine; readonly debug: boolean }
  | { readonly kind: "list" }
  | { readonly kind: "help" };

/** One flag with a value: what it sets, and its default as the seeds have it. */
interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly usage: string;
  readonly help: string;
  /** What a mux option is set to; flags without are read by hand. */
  set?(value: string): Result<Partial<MuxOptions>>;
}

function duration(name: keyof MuxOptions, min = 0): (value: string) => Result<Partial<MuxOptions>> {
  return (value) => {
    const ms = parseDuration(value);
    return ms.ok && ms.value < min ? fail("more than 0 is wanted") : map(ms, (time) => ({ [name]: time }));
  };
}

function count(name: keyof MuxOptions, max: number): (value: string) => Result<Partial<MuxOptions>> {
  return (value) => map(parseInteger(value, 1, max), (number) => ({ [name]: number }));
}

const NAMES = REQUEST_PROTOCOLS.map(({ framing }) => framing.name);

/** The flags of both programs (seeds, "Usage" and "Konfiguration"), with their names, short forms and defaults. */
const FLAGS: readonly Flag[] = [
  {
    name: "applicationProtocol",
    short: "p",
    usage: "protocol",
    help: "How messages are told apart; `mux list` lists them (default: echo)",
    set: (value) => {
      const protocol = findProtocol(value);
      return protocol === undefined
        ? fail(`${NAMES.join(", ")} are known${didYouMean(value, NAMES)}`)
        : ok({ protocol });
    },
  },
  { name: "targetServer", short: "t", usage: "host:port", help: "The device (default: 127.0.0.1:1234)" },
  { name: "listen", short: "l", usage: "port", help: "Listen on this port, or address:port (default: 8000)" },
  {
    name: "timeout",
    usage: "seconds",
    help: "Longest time until an answer (default: 60)",
    set: duration("answerMs", 1),
  },
  { name: "delay", usage: "time", help: "Wait after connecting (default: 0)", set: duration("delayMs") },
  { name: "retry-delay", usage: "time", help: "The same as --reconnect-backoff", set: duration("retryMs") },
  {
    name: "max-connections",
    usage: "n",
    help: "Connections to the device (default: 1)",
    set: count("pool", MAX_LINKS),
  },
  {
    name: "reconnect-backoff",
    usage: "time",
    help: "First wait after a failed attempt to connect (default: 1s, the least)",
    set: duration("retryMs"),
  },
  {
    name: "health-check-interval",
    usage: "time",
    help: "Probe an idle connection after so long (default: 30s; 0: never)",
    set: duration("healthMs"),
  },
  {
    name: "queue-size",
    usage: "n",
    help: "Requests of one client that may wait (default: 32)",
    set: count("queue", MAX_QUEUE),
  },
];

/** What `mux --help` prints. */
export const MUX_USAGE = [
  "Usage: sockproxyd mux [server] [options]   Share one device among many clients",
  "       sockproxyd mux list                 List the protocols",
  "",
  ...FLAGS.map(({ name, short, usage, help }) => {
    const flag = `${short === undefined ? "   " : `-${short},`} --${name} ${usage}`;
    return `  ${flag.padEnd(36)} ${help}`;
  }),
  "  -v, --verbose, -d, --debug           Log every read and write",
  "  -h, --help                           Print this",
  "",
  "Times are like 1s, 500ms or 1m30s; a bare number is seconds. What more can be set, and several devices in one",
  "daemon: see [mux] in the configuration file.",
].join("\n");

/** What `mux list` prints. */
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
  for (const { name, set } of FLAGS) {
    const value: unknown = parsed[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || value === "") return fail(`--${name} wants one value`);
    given[name] = value;
    const options = set?.(value) ?? ok({});
    if (!options.ok) return fail(`bad --${name} "${value}": ${options.message}`);
    mux = { ...mux, ...options.value };
  }
  const target = parseHostPort(given["targetServer"] ?? "");
  if (!target.ok) return fail(`--targetServer: ${target.message}`);
  const listen = parseListen(given["listen"] ?? "");
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
