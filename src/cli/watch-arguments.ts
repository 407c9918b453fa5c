import type minimist from "minimist";
import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import type { FormatWord } from "../core/monitor/format.js";
import { findView, VIEWS } from "../core/monitor/views/views.js";
import { type HostPort, parseHostPort, parsePort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import type { CredentialFiles } from "../dial/tls-credentials.js";
import { parseFlags } from "./flags.js";

/** The address of a daemon: host and port, or the port of a reverse proxy on this machine. */
export type Address = HostPort | { readonly reverseProxy: number };

/** The command line of `sockproxyd watch`. */
export type WatchArguments =
  | {
      readonly kind: "watch";
      readonly address: Address;
      readonly command: string;
      readonly json: boolean;
      /** The daemon's port takes TLS ([host] listen-tls): our files. */
      readonly tls?: CredentialFiles;
    }
  | { readonly kind: "help" };

const REVERSE_PROXY = "reverse-proxy";
const HERE: Address = { host: "127.0.0.1", port: 2504 };
const VIEW_NAMES = VIEWS.map(({ name }) => name);
const FILES = ["ca", "cert", "key"] as const;
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
    { name: "host:port", help: "The daemon (default: 127.0.0.1:2504)" },
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
    { names: ["tls"], help: "The daemon's port takes TLS ([host] listen-tls)" },
    {
      names: ["ca"],
      value: "file",
      help: "The authority of the daemon's certificate, a file in PEM",
      defaultText: "those that the system knows",
      offers: "files",
    },
    {
      names: ["cert"],
      value: "file",
      help: "Our own certificate, a file in PEM, for a daemon that asks for one; with --key",
      offers: "files",
    },
    { names: ["key"], value: "file", help: "Its private key, a file in PEM", offers: "files" },
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
  const address = readAddress(parsed[REVERSE_PROXY], words);
  if (!address.ok) return address;
  const tls = readTls(parsed);
  if (!tls.ok) return tls;
  if (tls.value !== undefined && !("host" in address.value)) return fail(`--tls goes without --${REVERSE_PROXY}`);
  const [filter, ...more] = words;
  if (more.length > 0) return fail(`unexpected argument "${more[0]}"`);
  const view: unknown = parsed["as"];
  if (view !== undefined && (typeof view !== "string" || findView(view) === undefined)) {
    return fail(`bad --as "${view}": one of ${VIEW_NAMES.join(", ")} is wanted`);
  }
  const format: readonly FormatWord[] = ["client", ...WORDS.filter((word) => parsed[word])];
  const command = ["WTCH", filter, view === undefined ? undefined : `MONI=${view}`, `MONF=${format.join(",")}`];
  const said = command.filter((word) => word !== undefined).join(" ");
  const asked = { kind: "watch", address: address.value, command: said, json: format.includes("json") } as const;
  return ok(tls.value === undefined ? asked : { ...asked, tls: tls.value });
}

/** The files of TLS; undefined where the daemon's port takes none. */
function readTls(parsed: minimist.ParsedArgs): Result<CredentialFiles | undefined> {
  const wrong = FILES.find((name) => name in parsed && (typeof parsed[name] !== "string" || parsed[name] === ""));
  if (wrong !== undefined) return fail(`--${wrong}: one file is wanted`);
  const { ca: authority, cert: certificate, key } = parsed as { ca?: string; cert?: string; key?: string };
  if ((certificate === undefined) !== (key === undefined)) return fail("--cert and --key: one needs the other");
  return ok(parsed["tls"] || authority || certificate ? { authority, certificate, key } : undefined);
}

/** The command for a daemon before 1.7.0, which does not know the format word `client`: an update of the package restarts no daemon. */
export function withoutClient(command: string): string {
  return command.replace(/ MONF=client$/, "").replace("MONF=client,", "MONF=");
}

/** @param words this function removes an address in front */
function readAddress(reverseProxy: unknown, words: string[]): Result<Address> {
  if (reverseProxy !== undefined) {
    const port = parsePort(String(reverseProxy));
    return port.ok ? ok({ reverseProxy: port.value }) : fail(`--${REVERSE_PROXY}: ${port.message}`);
  }
  return words[0]?.includes(":") ? parseHostPort(words.shift() ?? "") : ok(HERE);
}
