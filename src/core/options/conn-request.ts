import { formatHostPort, type HostPort, parseHostPort } from "../net/address.js";
import { fail, map, ok, type Result } from "../parse/result.js";
import { OPTIONS } from "./conn-option-rows.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "./conn-options.js";
import { parseOptions } from "./option-table.js";

/** A request to connect: a remote, and options. */
export interface ConnRequest {
  readonly target: HostPort;
  /** All remotes, where any of several will do. */
  readonly servers?: readonly HostPort[];
  readonly options: ConnOptions;
}

/** The problem of a line without a target. */
export const NO_TARGET = "no target: host:port is wanted";

/**
 * Reads `host:port [KEY=value …]`, the arguments of CONN (docs/protocol.md). Keys come in any case; of one given twice the last counts.
 *
 * @param presets what earlier commands have set; an option on the line wins
 */
export function parseConnRequest(text: string, presets: Partial<ConnOptions> = {}): Result<ConnRequest> {
  const parsed = parseTarget(text);
  if (!parsed.ok) return parsed;
  const { target, words } = parsed.value;
  const options = parseOptions(words, OPTIONS, { ...DEFAULT_OPTIONS, ...presets }, "wire");
  return options.ok ? checkConnRequest({ target, options: options.value }) : options;
}

/** Reads `host:port` and splits what follows into words. */
export function parseTarget(text: string): Result<{ readonly target: HostPort; readonly words: readonly string[] }> {
  const [address = "", ...words] = text.trim().split(/\s+/);
  if (address === "") return fail(NO_TARGET);
  return map(parseHostPort(address), (target) => ({ target, words }));
}

/** A request whose options go together. */
export function checkConnRequest(request: ConnRequest): Result<ConnRequest> {
  const { transport, tlsName, verifyCertificate, monitor, monitorFormat, monitorFile } = request.options;
  if (transport !== "tls" && (tlsName !== undefined || !verifyCertificate)) {
    return fail("TLSV and TLSN go with PRTO=tls");
  }
  const described = monitorFormat.length > 0 || monitorFile !== undefined;
  return monitor === undefined && described ? fail("MONF and MONL go with MONI") : ok(request);
}

/**
 * The remote of a request in short, for logs and STAT: `host:port`, several with commas between, with `udp:` or `tls:` in front
 * where it is not TCP.
 */
export function formatRemote({ target, servers, options }: ConnRequest): string {
  const address = servers === undefined ? formatHostPort(target) : servers.map(formatHostPort).join(",");
  return options.transport === "tcp" ? address : `${options.transport}:${address}`;
}
