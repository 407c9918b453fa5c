import { existsSync } from "node:fs";
import { env } from "node:process";
import type minimist from "minimist";
import type { ArgumentRow, FlagRow } from "../core/command-line/command-row.js";
import { parseConfigFile } from "../core/config/file.js";
import { DEFAULT_SETTINGS } from "../core/config/keys.js";
import { formatHostPort, type HostPort, isEverywhere, isIPv6, parseHostPort, parsePort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import type { CredentialFiles } from "../dial/tls-credentials.js";
import { readRegularFile } from "../system/regular-file.js";

/** The address of a daemon: host and port, or on this machine the port of a reverse proxy, or a Unix socket. */
export type Address = HostPort | { readonly reverseProxy: number } | { readonly path: string };

/** A running daemon, as a command line names it. */
export interface DaemonPlace {
  readonly address: Address;
  /** The daemon's port takes TLS ([host] listen-tls): our files. */
  readonly tls?: TlsFiles;
  /** No word says where it is. */
  readonly guessed?: Guess;
}

/** What a place is guessed from. */
export interface Guess {
  /** For messages. */
  readonly from: string;
  /** The place of a daemon without a file, where the file says another one. */
  readonly orElse?: DaemonPlace;
}

/** Our files for a daemon whose port takes TLS. */
export interface TlsFiles extends CredentialFiles {
  /** The file of the certificate that the daemon shows, where its configuration says so: no authority needs to know it. */
  readonly shown?: string;
}

const HERE: HostPort = { host: "127.0.0.1", port: DEFAULT_SETTINGS.port };
const FILES = ["ca", "cert", "key"] as const;
/** The file of the service that packages install (docs/install.md). */
const USUAL_FILE = "/etc/sockproxyd.conf";

/** The argument that names a daemon. */
export const PLACE_ARGUMENT: ArgumentRow = {
  name: "host:port",
  help: `The daemon's proxy port; of the two one is enough (default: what ${USUAL_FILE} says, or ${formatHostPort(HERE)})`,
};

/** The options that say where a daemon is. */
export const PLACE_FLAGS: readonly FlagRow[] = [
  {
    names: ["c", "config"],
    value: "file",
    help: "The daemon that runs here with this configuration file",
    offers: "files",
  },
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
];

/** The daemon in words. */
export function nameOf({ address }: DaemonPlace): string {
  if ("host" in address) return formatHostPort(address);
  return "path" in address ? address.path : `reverse proxy on port ${address.reverseProxy}`;
}

/**
 * Reads where the daemon is.
 *
 * @param parsed the options {@link PLACE_FLAGS}
 * @param word the address of the daemon, in whole or in part
 */
export function readPlace(parsed: minimist.ParsedArgs, word: string | undefined): Result<DaemonPlace> {
  const file: unknown = parsed["c"];
  if (file !== undefined && (typeof file !== "string" || file === "")) return fail("-c: one file is wanted");
  if (file !== undefined && word !== undefined) return fail(`-c and "${word}": one of them is enough`);
  if (file !== undefined) return placeOf(parsed, configuredPlace(file));
  if (word === undefined) return guessPlace(parsed, env["SOCKPROXYD_CONFIG"] || USUAL_FILE);
  const address = readAddress(word);
  return address.ok ? placeOf(parsed, ok({ address: address.value })) : address;
}

/** Where a daemon is of which nothing is said: where the file of the service puts it, or where one without a file listens. */
function guessPlace(parsed: minimist.ParsedArgs, file: string): Result<DaemonPlace> {
  const usual = placeOf(parsed, ok({ address: HERE }));
  if (!usual.ok) return usual;
  const instead = (from: string): Result<DaemonPlace> => ok({ ...usual.value, guessed: { from } });
  if (!existsSync(file)) return instead(`there is no ${file} that says another port`);
  const configured = configuredPlace(file);
  if (!configured.ok) return instead(configured.message);
  const place = placeOf(parsed, configured);
  if (!place.ok) return place;
  const isUsual = configured.value.certificate === undefined && isSame(configured.value.address, HERE);
  return ok({ ...place.value, guessed: { from: `${file} says so`, ...(!isUsual && { orElse: usual.value }) } });
}

function isSame(one: HostPort, other: HostPort): boolean {
  return one.host === other.host && one.port === other.port;
}

/** A place with the files of TLS that the command line names. */
function placeOf(parsed: minimist.ParsedArgs, configured: Result<Configured>): Result<DaemonPlace> {
  if (!configured.ok) return configured;
  const { address } = configured.value;
  const tls = readTls(parsed, configured.value);
  return tls.ok ? ok({ address, ...(tls.value && { tls: tls.value }) }) : tls;
}

/** Reads where the daemon is, for a command line that has no other words. */
export function readDaemonWords(parsed: minimist.ParsedArgs): Result<DaemonPlace> {
  const [word, ...more] = parsed._;
  return more.length > 0 ? fail(`unexpected argument "${more[0]}"`) : readPlace(parsed, word);
}

/** Reads `host:port`, `host` or `port`. */
function readAddress(word: string): Result<HostPort> {
  if (/^\d+$/.test(word)) {
    const port = parsePort(word);
    return port.ok ? ok({ ...HERE, port: port.value }) : port;
  }
  if (word.endsWith("]") || !word.includes(":")) return parseHostPort(`${word}:${HERE.port}`);
  return isIPv6(word) ? ok({ ...HERE, host: word }) : parseHostPort(word);
}

/** What a configuration file says of the proxy port. */
interface Configured {
  readonly address: HostPort;
  /** The file of the certificate that it shows; left out: it takes no TLS. */
  readonly certificate?: string;
}

/** Where a daemon with this file listens. What is wrong with its other keys does not matter: the daemon may run with what they were. */
function configuredPlace(path: string): Result<Configured> {
  let text: string;
  try {
    text = readRegularFile(path).toString();
  } catch (error) {
    return fail(`cannot read configuration file ${path}: ${(error as Error).message}`);
  }
  const { values, tlsIdentities } = parseConfigFile(text, path).settings;
  const { ip, port, listenTls } = { ...DEFAULT_SETTINGS, ...values };
  if (port === 0) return fail(`${path}: [host] port=0: there is no proxy port to ask`);
  const certificate = tlsIdentities.find(({ name }) => name === listenTls)?.certificate;
  const address = { host: isEverywhere(ip) ? HERE.host : ip, port };
  return ok({ address, ...(listenTls !== "" && { certificate: certificate ?? "" }) });
}

/** The files of TLS; undefined where the daemon's port takes none. */
function readTls(parsed: minimist.ParsedArgs, { certificate: shown }: Configured): Result<TlsFiles | undefined> {
  const wrong = FILES.find((name) => name in parsed && (typeof parsed[name] !== "string" || parsed[name] === ""));
  if (wrong !== undefined) return fail(`--${wrong}: one file is wanted`);
  const { ca: authority, cert: certificate, key } = parsed as { ca?: string; cert?: string; key?: string };
  if ((certificate === undefined) !== (key === undefined)) return fail("--cert and --key: one needs the other");
  if (shown === undefined && !parsed["tls"] && !authority && !certificate) return ok(undefined);
  return ok({ authority, certificate, key, ...(shown && authority === undefined && { shown }) });
}
