import type minimist from "minimist";
import { type ArgumentRow, type FlagRow, flagText } from "../core/command-line/command-row.js";
import { parsePort } from "../core/net/address.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { type DaemonPlace, PLACE_ARGUMENT, PLACE_FLAGS, readPlace } from "./daemon-place.js";

const REVERSE_PROXY = "reverse-proxy";

/** The arguments that say which connections of which daemon are watched. */
export const SELECTION: readonly ArgumentRow[] = [
  { ...PLACE_ARGUMENT, help: "The daemon's proxy port (default: 127.0.0.1:2504)" },
  { name: "filter", help: "Only the connection with this id, as STAT shows it, or those of this port" },
];

/** The options that say which daemon. */
export const SELECTION_FLAGS: readonly FlagRow[] = [
  { names: [REVERSE_PROXY], value: "port", help: "The reverse proxy of this user with this port, on this machine" },
  ...PLACE_FLAGS,
];

/** Which connections of which daemon are watched. */
export interface Selection {
  readonly daemon: DaemonPlace;
  /** The id of a connection, or a port; undefined: all. */
  readonly filter: string | undefined;
}

/**
 * Reads {@link SELECTION} and {@link SELECTION_FLAGS}.
 *
 * @param words the arguments, without what stands in front of the selection
 */
export function readSelection(parsed: minimist.ParsedArgs, words: readonly string[]): Result<Selection> {
  const isNamed = parsed[REVERSE_PROXY] === undefined && words[0]?.includes(":");
  const daemon = readDaemon(parsed, isNamed ? words[0] : undefined);
  if (!daemon.ok) return daemon;
  const [filter, ...more] = isNamed ? words.slice(1) : words;
  return more.length > 0 ? fail(`unexpected argument "${more[0]}"`) : ok({ daemon: daemon.value, filter });
}

/** @param address `host:port`, where there is one */
function readDaemon(parsed: minimist.ParsedArgs, address: string | undefined): Result<DaemonPlace> {
  const reverseProxy: unknown = parsed[REVERSE_PROXY];
  if (reverseProxy === undefined) return readPlace(parsed, address);
  const port = parsePort(String(reverseProxy));
  if (!port.ok) return fail(`--${REVERSE_PROXY}: ${port.message}`);
  const other = PLACE_FLAGS.flatMap(({ names }) => names).find((name) => parsed[name]);
  if (other !== undefined) return fail(`${flagText(other)} goes without --${REVERSE_PROXY}`);
  return ok({ address: { reverseProxy: port.value } });
}
