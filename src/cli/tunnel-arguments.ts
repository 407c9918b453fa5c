import type minimist from "minimist";
import type { CommandRow, FlagRow } from "../core/command-line/command-row.js";
import { checkDevice, DEVICE_KEYS } from "../core/config/device-keys.js";
import { DEFAULT_SETTINGS, parseValue } from "../core/config/keys.js";
import type { TunnelLine, Values } from "../core/config/settings.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { type Exposure, isOption, parseExposure, tunnelRoute } from "../core/tunnel/tunnel-line.js";
import { DAEMON_EXITS, DAEMON_FLAGS, parseFlags, unknownCommand, wantsDebug } from "./flags.js";
import { ANY, ipOf, parseListenArgument } from "./listen-argument.js";

/** The command line of `sockproxyd tunnel`. */
export type TunnelArguments =
  | { readonly kind: "server"; readonly ip: string; readonly line: TunnelLine; readonly debug: boolean }
  | { readonly kind: "device"; readonly values: Partial<Values>; readonly debug: boolean }
  | { readonly kind: "help" };

/** A flag of the device's side. It sets the key of `[device]` with the same name. */
interface Flag {
  readonly name: string;
  /** The value behind the flag; undefined for a switch. */
  readonly usage?: string;
  /** A help in place of the help of the key. */
  readonly help?: string;
  /** What the flag is needed for; undefined for an optional flag. */
  readonly wanted?: string;
  readonly offers?: "files";
}

const FLAGS: readonly Flag[] = [
  {
    name: "server",
    usage: "host:port",
    help: "Where the server waits for this device",
    wanted: "host:port of the server",
  },
  {
    name: "allow",
    usage: "host:port,...",
    help: "The services that its clients may reach: addresses, networks or names",
    wanted: "host:port of the services that clients may reach",
  },
  { name: "tls", help: "Speak TLS to the server and check its certificate" },
  { name: "ca", usage: "file", offers: "files" },
  { name: "cert", usage: "file", offers: "files" },
  { name: "key", usage: "file", offers: "files" },
  {
    name: "secret",
    usage: "secret",
    help: "The secret that the server asks for. ps shows it: a file with [device] is better",
  },
  { name: "name", usage: "name", help: "Our name, for a server that knows several devices on its port" },
];

/** What a key does; what it does when it is empty concerns files only. */
function helpOf({ name, help }: Flag): string {
  const key = DEVICE_KEYS.find((row) => row.key === name);
  return help ?? key?.help.replace(/\. Empty is .*|\.$/, "") ?? "";
}

function flagRow(flag: Flag): FlagRow {
  const { name, usage, offers } = flag;
  return { names: [name], ...(usage && { value: usage }), help: helpOf(flag), ...(offers && { offers }) };
}

/** `sockproxyd tunnel`, as `--help` and the man page show it. */
export const TUNNEL = {
  name: "tunnel",
  summary: "Reach services beside a device behind NAT",
  usage: [
    { words: "server <server:port> <host:port> <service:port> ... [KEY=value ...]" },
    { words: "device --server host:port --allow host:port,... [options]" },
  ],
  description: [
    "Clients of the server reach services beside a device that nobody can connect to, by a link that the device keeps.",
  ],
  words: ["server", "device"],
  arguments: [
    { name: "<server:port>", help: "The server waits there for the device; a bare port is on all addresses" },
    { name: "<host:port>", help: "Clients connect there, while the device is linked" },
    {
      name: "<service:port>",
      help: "The service that they get to, as the device calls it; more such pairs may follow",
    },
    { name: "KEY=value", help: "Any option of a [tunnel] line, such as stall-timeout=10s or monitor=hex" },
  ],
  options: [...FLAGS.map(flagRow), ...DAEMON_FLAGS],
  exits: DAEMON_EXITS,
  examples: [
    {
      words: "tunnel server 4000 127.0.0.1:8080 192.168.1.5:80",
      help: "Wait for the device on port 4000; port 8080 here is the web page beside it",
    },
    {
      words: "tunnel device --server example.org:4000 --allow 192.168.1.5:80",
      help: "The other side, on the machine beside the web page",
    },
  ],
} as const satisfies CommandRow;

/**
 * Reads the command line of `sockproxyd tunnel`.
 *
 * @param argv behind the word `tunnel`
 */
export function parseTunnelArguments(argv: readonly string[]): Result<TunnelArguments> {
  const flags = parseFlags(argv, TUNNEL.options);
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [side = "", ...words] = parsed._;
  const debug = wantsDebug(parsed);
  if (side === "device") return readDevice(parsed, words, debug);
  if (side !== "server") return fail(side === "" ? WHICH : unknownCommand(side, SIDES, "side"));
  const deviceFlag = FLAGS.find(({ name }) => parsed[name]);
  return deviceFlag === undefined ? readServer(words, debug) : fail(`--${deviceFlag.name} goes with device`);
}

const SIDES = ["server", "device"];
const WHICH = "server or device is wanted";

function readServer(words: readonly string[], debug: boolean): Result<TunnelArguments> {
  const [first = "", ...addresses] = words.filter((word) => !isOption(word));
  const server = parseListenArgument(first);
  if (!server.ok) return fail(`bad <server:port> "${first}": port or address:port is wanted`);
  const exposures = parseExposures(addresses);
  if (!exposures.ok) return exposures;
  const route = tunnelRoute(exposures.value, words.filter(isOption));
  if (!route.ok) return route;
  const taken = exposures.value.find(({ listen }) => collide(listen, server.value));
  if (taken !== undefined) return fail(`${formatHostPort(taken.listen)} is where the device connects`);
  const line = { port: server.value.port, route: route.value };
  return ok({ kind: "server", ip: ipOf(server.value), line, debug });
}

/** Reads pairs of addresses: the port for clients, and the service that they get to. */
function parseExposures(addresses: readonly string[]): Result<readonly Exposure[]> {
  if (addresses.length === 0) return fail("nothing is exposed: <host:port> <service:port> is wanted");
  if (addresses.length % 2 !== 0) return fail(`"${addresses.at(-1)}" has no <service:port> behind it`);
  const exposures: Exposure[] = [];
  for (let index = 0; index < addresses.length; index += 2) {
    const exposure = parseExposure(`${addresses[index]}>${addresses[index + 1]}`);
    if (!exposure.ok) return exposure;
    exposures.push(exposure.value);
  }
  return ok(exposures);
}

/** Whether the daemon cannot listen on both, as far as their texts show. */
function collide(one: HostPort, other: HostPort): boolean {
  return one.port === other.port && (one.host === other.host || [one.host, other.host].includes(ANY));
}

function readDevice(parsed: minimist.ParsedArgs, words: readonly string[], debug: boolean): Result<TunnelArguments> {
  if (words.length > 0) return fail(`unexpected argument "${words[0]}"`);
  let values: Partial<Values> = {};
  for (const flag of FLAGS) {
    const value = readFlag(flag, parsed[flag.name]);
    if (!value.ok) return value;
    values = { ...values, ...value.value };
  }
  const [problem] = checkDevice({ ...DEFAULT_SETTINGS, ...values });
  return problem === undefined ? ok({ kind: "device", values, debug }) : fail(problem);
}

/** Reads the key that a flag sets; an optional flag that is missing sets nothing. */
function readFlag({ name, usage, wanted }: Flag, given: unknown): Result<Partial<Values>> {
  if (usage === undefined) return parseKey(name, String(given ?? false));
  if (given === undefined) return wanted === undefined ? ok({}) : fail(`--${name} is missing: ${wanted}`);
  if (typeof given !== "string" || given === "") return fail(`--${name} wants one value: ${wanted ?? usage}`);
  return parseKey(name, given);
}

function parseKey(name: string, text: string): Result<Partial<Values>> {
  const value = parseValue("device", name, text) ?? fail("unknown key");
  return value.ok ? value : fail(`--${name}: ${value.message}`);
}
