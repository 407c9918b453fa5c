import { formatHostPort, type HostPort, parseHostPort } from "../net/address.js";
import { parkingProblem } from "../park/parking-problem.js";
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
  if (!options.ok) return options;
  const problem = parkingProblem(options.value, "conn");
  return problem === undefined ? checkConnRequest({ target, options: options.value }) : fail(problem);
}

/** Reads `host:port` and splits what follows into words. */
export function parseTarget(text: string): Result<{ readonly target: HostPort; readonly words: readonly string[] }> {
  const [address = "", ...words] = text.trim().split(/\s+/);
  if (address === "") return fail(NO_TARGET);
  return map(parseHostPort(address), (target) => ({ target, words }));
}

/** A request whose options go together. An identity means TLS. */
export function checkConnRequest(request: ConnRequest): Result<ConnRequest> {
  const { transport, multicastTtl, monitor, monitorFormat, monitorFile, maxClients, whenFull, mqttTopic, mqttPayload } =
    request.options;
  if (transport !== "udp" && multicastTtl !== DEFAULT_OPTIONS.multicastTtl) return fail("MTTL goes with PRTO=udp");
  if (transport === "udp" && request.options.sendProxy !== undefined) return fail("SPRX goes with PRTO=tcp or tls");
  const described = monitorFormat.length > 0 || monitorFile !== undefined;
  if (mqttPayload !== undefined && mqttTopic === undefined) return fail("PAYL goes with NMQT");
  if (whenFull !== undefined && maxClients === undefined) return fail("WFUL goes with MAXC");
  if (monitor === undefined && described) return fail("MONF and MONL go with MONI");
  const { tlsIdentity, ...options } = request.options;
  if (tlsIdentity === undefined) return lackTls(options) ? fail(`${TLS_KEYS} go with PRTO=tls`) : ok(request);
  if (options.transport === "udp") return fail("TLSI goes with PRTO=tls");
  return ok({ ...request, options: { ...request.options, transport: "tls" } });
}

const TLS_KEYS = "TLSV, TLSN, TLSM and TLSL";

/** Whether options have no meaning, because they are about TLS and the transport is another one. */
function lackTls({ transport, verifyCertificate, tlsName, tlsMin, tlsLegacy }: ConnOptions): boolean {
  if (transport === "tls") return false;
  const { verifyCertificate: verifies, tlsMin: min } = DEFAULT_OPTIONS;
  return verifyCertificate !== verifies || tlsName !== undefined || tlsMin !== min || tlsLegacy;
}

/**
 * The remote of a request in short, for logs and STAT: `host:port`, several with commas between, with `udp:` or `tls:` in front
 * where it is not TCP.
 */
export function formatRemote({ target, servers, options }: ConnRequest): string {
  const address = servers === undefined ? formatHostPort(target) : servers.map(formatHostPort).join(",");
  return options.transport === "tcp" ? address : `${options.transport}:${address}`;
}
