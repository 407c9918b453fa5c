import type minimist from "minimist";
import { type ArgumentRow, type FlagRow, flagText } from "../core/command-line/command-row.js";
import { parsePort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { type DaemonPlace, PLACE_ARGUMENT, PLACE_FLAGS, readPlace } from "./daemon-place.js";

const REVERSE_PROXY = "reverse-proxy";
const ONLY = "only";
/** The id of a connection: the time of its start and more, in hexadecimal digits. No port is so long, and hardly a host. */
const ID = /^(?=[a-f]*\d)[\da-f]{8,}$/;

/** The arguments that say which connections of which daemon are watched. */
export const SELECTION: readonly ArgumentRow[] = [
  PLACE_ARGUMENT,
  { name: "filter", help: "The same as --only, behind host:port" },
];

/** The options that say which connections of which daemon. */
export const SELECTION_FLAGS: readonly FlagRow[] = [
  {
    names: [ONLY],
    value: "filter",
    help: "Only the connection with this id, as STAT shows it, or those of this port of the daemon",
  },
  { names: [REVERSE_PROXY], value: "port", help: "The reverse proxy of this user with this port, on this machine" },
  ...PLACE_FLAGS,
];

/** Which connections of which daemon are watched. */
export interface Selection {
  readonly daemon: DaemonPlace;
  /** The id of a connection, or a port; undefined: all. */
  readonly filter: string | undefined;
  /** The filter is the only word, and a port: it may be that of the daemon itself. */
  readonly orDaemon?: DaemonPlace;
}

/**
 * Reads {@link SELECTION} and {@link SELECTION_FLAGS}. The first word is the daemon, as in `sockproxyd status`; a word alone that can be none is
 * a filter.
 *
 * @param words the arguments, without what stands in front of the selection
 */
export function readSelection(parsed: minimist.ParsedArgs, words: readonly string[]): Result<Selection> {
  const only: unknown = parsed[ONLY];
  if (only !== undefined && (typeof only !== "string" || only === "")) return fail(`--${ONLY}: one filter is wanted`);
  const isNamed = parsed[REVERSE_PROXY] !== undefined || parsed["c"] !== undefined;
  let [place, second, ...more] = isNamed ? [undefined, ...words] : words;
  const alone = only === undefined && second === undefined ? (place ?? "") : "";
  const isPort = parsePort(alone).ok;
  if (isPort || ID.test(alone)) [place, second] = [undefined, place];
  const unexpected = [...(only === undefined && !second?.includes(":") ? [] : [second]), ...more][0];
  if (unexpected !== undefined) return fail(`unexpected argument "${unexpected}"`);
  const daemon = readDaemon(parsed, place);
  if (!daemon.ok) return daemon;
  const orDaemon = isPort ? readPlace(parsed, second) : undefined;
  return ok({ daemon: daemon.value, filter: only ?? second, ...(orDaemon?.ok && { orDaemon: orDaemon.value }) });
}

/** @param word `host:port` or a part of it, where there is one */
function readDaemon(parsed: minimist.ParsedArgs, word: string | undefined): Result<DaemonPlace> {
  const reverseProxy: unknown = parsed[REVERSE_PROXY];
  if (reverseProxy === undefined) return readPlace(parsed, word);
  const port = parsePort(String(reverseProxy));
  if (!port.ok) return fail(`--${REVERSE_PROXY}: ${port.message}`);
  const other = PLACE_FLAGS.flatMap(({ names }) => names).find((name) => parsed[name]);
  if (other !== undefined) return fail(`${flagText(other)} goes without --${REVERSE_PROXY}`);
  return ok({ address: { reverseProxy: port.value } });
}
