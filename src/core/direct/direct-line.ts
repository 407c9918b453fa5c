import { formatHostPort, type HostPort, parseHostPort } from "../net/address.js";
import { type ConnOptions, DEFAULT_OPTIONS, LINE_OPTIONS, OPTIONS } from "../options/conn-options.js";
import { type ConnRequest, checkConnRequest } from "../options/conn-request.js";
import { type OptionRow, parseOptions } from "../options/option-table.js";
import { fail, ok, type Result } from "../parse/result.js";
import { DEFAULT_DIRECT_OPTIONS, DIRECT_OPTIONS, type DirectOptions } from "./direct-options.js";

/** What a line of `[direct]` asks for: one or several servers, and how to treat clients. */
export interface DirectRoute extends ConnRequest {
  /** At least one; {@link ConnRequest.target} is the first. */
  readonly servers: readonly HostPort[];
  readonly direct: DirectOptions;
}

const MAX_SERVERS = 32;

/** Reads the value of a `[direct]` line: `host:port[,host:port …] [KEY=value …]`. Besides its own options it takes those of CONN. */
export function parseDirectRoute(text: string): Result<DirectRoute> {
  const [list = "", ...words] = text.trim().split(/\s+/);
  const servers: HostPort[] = [];
  for (const address of list.split(",")) {
    if (address === "") return fail("no target: host:port is wanted");
    const server = parseHostPort(address);
    if (!server.ok) return server;
    servers.push(server.value);
  }
  return directRoute(servers, words);
}

/** What servers and `KEY=value` words come to. */
export function directRoute(servers: readonly HostPort[], words: readonly string[]): Result<DirectRoute> {
  const rows: readonly OptionRow<ConnOptions & DirectOptions>[] = [...DIRECT_OPTIONS, ...LINE_OPTIONS, ...OPTIONS];
  const options = parseOptions(words, rows, { ...DEFAULT_OPTIONS, ...DEFAULT_DIRECT_OPTIONS }, "file");
  return options.ok ? checkDirectRoute(servers, options.value, options.value) : options;
}

/** An order whose options go together. */
export function checkDirectRoute(
  servers: readonly HostPort[],
  options: ConnOptions,
  direct: DirectOptions,
): Result<DirectRoute> {
  const [target] = servers;
  if (target === undefined) return fail("no target: host:port is wanted");
  if (servers.length > MAX_SERVERS) return fail(`${servers.length} servers: ${MAX_SERVERS} are the most`);
  const names = servers.map(formatHostPort);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) return fail(`${twice} is given twice`);
  const streams = servers.length > 1 || direct.shareMs > 0 || direct.rate > 0;
  if (streams && options.transport === "udp") return fail("PRTO=udp goes with one server, and without CACH and RATE");
  const request = checkConnRequest({ target, options });
  return request.ok ? ok({ ...request.value, servers, direct }) : request;
}
