import { formatHostPort, type HostPort, parseHostPort } from "../net/address.js";
import { LINE_OPTIONS, OPTIONS } from "../options/conn-option-rows.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../options/conn-options.js";
import { type ConnRequest, checkConnRequest, NO_TARGET } from "../options/conn-request.js";
import type { LineFormat } from "../options/line-format.js";
import { type OptionRow, parseOptions, splitOptions } from "../options/option-table.js";
import { parkingProblem } from "../park/parking-problem.js";
import { fail, ok, type Result } from "../parse/result.js";
import { DEFAULT_DIRECT_OPTIONS, DIRECT_OPTIONS, type DirectOptions } from "./direct-options.js";

/** What a line of `[direct]` asks for: one or several servers, and how to treat clients. */
export interface DirectRoute extends ConnRequest {
  /** At least one; {@link ConnRequest.target} is the first. */
  readonly servers: readonly HostPort[];
  readonly direct: DirectOptions;
}

type LineOptions = ConnOptions & DirectOptions;

const MAX_SERVERS = 32;
const ROWS: readonly OptionRow<LineOptions>[] = [...DIRECT_OPTIONS, ...LINE_OPTIONS, ...OPTIONS];

/** How lines of `[direct]` are read and printed. They take the options of CONN, too. */
export const DIRECT_FORMAT: LineFormat<LineOptions, DirectRoute> = {
  placeKey: "target",
  rows: ROWS,
  suggested: ROWS,
  defaults: { ...DEFAULT_OPTIONS, ...DEFAULT_DIRECT_OPTIONS },
  build(places, options) {
    const servers = parseServers(places);
    return servers.ok ? checkDirectRoute(servers.value, ...apart(options)) : servers;
  },
  placesOf: ({ servers }) => servers.map(formatHostPort),
  optionsOf: ({ options, direct }) => {
    const { standingTopic: mqttTopic, standingPayload: mqttPayload } = direct;
    const own = { ...(mqttTopic !== undefined && { mqttTopic }), ...(mqttPayload !== undefined && { mqttPayload }) };
    return { ...options, ...direct, ...own };
  },
  datagramProblem({ options, direct }) {
    if (options.listenTls !== undefined) return "LTLS does not go with listen=udp: TLS wants a stream";
    if (options.proxies !== undefined) return "PRXY does not go with listen=udp: its header is for streams";
    if (options.sendProxy !== undefined) return "SPRX does not go with listen=udp: its header is for streams";
    if (options.parkMs > 0) return "PARK does not go with listen=udp: there is no connection to keep";
    if (options.notify !== undefined) return "NTFY does not go with listen=udp: a plugin reads a stream";
    if (options.mqttTopic !== undefined) return "NMQT does not go with listen=udp: it tells of connections";
    if (options.webhook) return "NURL does not go with listen=udp: datagrams have no beginning and no end";
    return direct.refusal === "reset" ? "FAIL=reset does not go with listen=udp: UDP has no reset" : undefined;
  },
};

/**
 * Reads the value of a `[direct]` line: `host:port[,host:port …] [KEY=value …]`.
 */
export function parseDirectRoute(text: string): Result<DirectRoute> {
  const [list = "", ...words] = text.trim().split(/\s+/);
  const servers = parseServers(list.split(","));
  return servers.ok ? directRoute(servers.value, words) : servers;
}

function parseServers(places: readonly string[]): Result<readonly HostPort[]> {
  const servers: HostPort[] = [];
  for (const place of places) {
    if (place === "") return fail(NO_TARGET);
    const server = parseHostPort(place);
    if (!server.ok) return server;
    servers.push(server.value);
  }
  return ok(servers);
}

/** What servers and `KEY=value` words come to. */
export function directRoute(servers: readonly HostPort[], words: readonly string[]): Result<DirectRoute> {
  const options = parseOptions(words, ROWS, DIRECT_FORMAT.defaults, "file");
  return options.ok ? checkDirectRoute(servers, ...apart(options.value)) : options;
}

/** Tells the options of the direct port from those of clients, which STAT shows. */
function apart(all: LineOptions): [DirectOptions, ConnOptions] {
  return splitOptions<DirectOptions, ConnOptions>(all, DIRECT_OPTIONS);
}

/** A line whose options go together. */
function checkDirectRoute(
  servers: readonly HostPort[],
  direct: DirectOptions,
  options: ConnOptions,
): Result<DirectRoute> {
  const [target] = servers;
  if (target === undefined) return fail(NO_TARGET);
  if (servers.length > MAX_SERVERS) return fail(`${servers.length} servers: ${MAX_SERVERS} are the most`);
  const names = servers.map(formatHostPort);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) return fail(`${twice} is given twice`);
  const streams = servers.length > 1 || direct.shareMs > 0 || direct.rate > 0;
  if (streams && options.transport === "udp") return fail("PRTO=udp goes with one server, and without CACH and RATE");
  const always = direct.dial === "always" ? alwaysProblem(options) : undefined;
  const problem = always ?? parkingProblem(options, "direct");
  if (problem !== undefined) return fail(problem);
  const { mqttTopic, mqttPayload, ...rest } = options;
  const isStanding = direct.dial === "always" && mqttTopic !== undefined;
  const request = checkConnRequest({ target, options: isStanding ? rest : options });
  const own = isStanding
    ? { ...direct, standingTopic: mqttTopic, ...(mqttPayload && { standingPayload: mqttPayload }) }
    : direct;
  return request.ok ? ok({ ...request.value, servers, direct: own }) : request;
}

/** What is wrong with the options of a line that is connected without any client. */
function alwaysProblem({ mqttTopic, mqttPayload }: ConnOptions): string | undefined {
  if (mqttTopic === undefined) return "DIAL=always goes with NMQT: where else would the bytes go?";
  return mqttPayload === "json" ? "PAYL=json does not go with DIAL=always: that publishes bytes" : undefined;
}
