import { formatHostPort, type HostPort, parseHostPort } from "../net/address.js";
import { LINE_OPTIONS, OPTIONS } from "../options/conn-option-rows.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../options/conn-options.js";
import { checkConnRequest } from "../options/conn-request.js";
import type { LineFormat } from "../options/line-format.js";
import { type OptionRow, parseOptions, splitOptions } from "../options/option-table.js";
import { TLS_OPTIONS } from "../options/tls-options.js";
import { parkingProblem } from "../park/parking-problem.js";
import { fail, map, ok, type Result } from "../parse/result.js";
import { parseDeviceName } from "./secret-line.js";
import { DEFAULT_TUNNEL_OPTIONS, TUNNEL_OPTIONS, type TunnelOptions } from "./tunnel-options.js";

/** A port of the server, and the service on the device's side that its clients reach. */
export interface Exposure {
  readonly listen: HostPort;
  readonly service: HostPort;
  /** The device beside which the service is, by its name; left out where the line is for one device. */
  readonly device?: string;
}

/** What a line of `[tunnel]` asks for. */
export interface TunnelRoute {
  readonly exposures: readonly Exposure[];
  /** How clients are treated. */
  readonly options: ConnOptions;
  readonly tunnel: TunnelOptions;
}

const MAX_EXPOSURES = 64;
const MAX_DEVICES = 64;
/** Options of CONN that a tunnel refuses, and does not suggest: it carries TCP. */
const TRANSPORT_KEYS = ["PRTO", ...TLS_OPTIONS.map(({ key }) => key)];

type LineOptions = ConnOptions & TunnelOptions;

/** Without the identity for a TLS remote, whose long name is that of TLS here, and without what is for a dial: the device does that. */
const CLIENT_OPTIONS = OPTIONS.filter(({ sets }) => !["tlsIdentity", "retryDialMs", "sendProxy"].includes(sets));
const ROWS: readonly OptionRow<LineOptions>[] = [...TUNNEL_OPTIONS, ...LINE_OPTIONS, ...CLIENT_OPTIONS];

/** How lines of `[tunnel]` are read and printed. They take the options of CONN for their clients, too. */
export const TUNNEL_FORMAT: LineFormat<LineOptions, TunnelRoute> = {
  placeKey: "expose",
  rows: ROWS,
  suggested: ROWS.filter(({ key }) => !TRANSPORT_KEYS.includes(key)),
  defaults: { ...DEFAULT_OPTIONS, ...DEFAULT_TUNNEL_OPTIONS },
  build(places, options) {
    const exposures = parseExposures(places);
    return exposures.ok ? checkTunnelRoute({ exposures: exposures.value, ...apart(options) }) : exposures;
  },
  checkPlace: parseExposure,
  placesOf: ({ exposures }) =>
    exposures.map(({ device, listen, service }) => {
      const from = device === undefined ? "" : `${device}@`;
      return `${from}${formatHostPort(listen)} > ${formatHostPort(service)}`;
    }),
  optionsOf: ({ options, tunnel }) => ({ ...options, ...tunnel }),
};

/**
 * Reads the value of a `[tunnel]` line: `EXPOSE host:port>service:port … [KEY=value …]`, with `barn@` in front of the place where the line is
 * for several devices.
 */
export function parseTunnelRoute(text: string): Result<TunnelRoute> {
  const [verb = "", ...words] = text.trim().split(/\s+/);
  if (verb.toUpperCase() !== "EXPOSE") return fail(`"${verb}": EXPOSE host:port>service:port is wanted`);
  if (words.includes(">")) return fail("no blank can be beside the >: EXPOSE host:port>service:port is wanted");
  const end = words.findIndex((word) => !word.includes(">") || isOption(word));
  const places = end < 0 ? words : words.slice(0, end);
  const exposures = parseExposures(places);
  return exposures.ok ? tunnelRoute(exposures.value, words.slice(places.length)) : exposures;
}

function parseExposures(places: readonly string[]): Result<readonly Exposure[]> {
  const exposures: Exposure[] = [];
  for (const place of places) {
    const exposure = parseExposure(place);
    if (!exposure.ok) return exposure;
    exposures.push(exposure.value);
  }
  return ok(exposures);
}

/** Whether a word is `KEY=value`; such a value may hold anything. */
export function isOption(word: string): boolean {
  return /^[\w-]+=/.test(word);
}

/**
 * Makes a line of its parts.
 *
 * @param words `KEY=value` each
 */
export function tunnelRoute(exposures: readonly Exposure[], words: readonly string[]): Result<TunnelRoute> {
  const options = parseOptions(words, ROWS, TUNNEL_FORMAT.defaults, "file", TUNNEL_FORMAT.suggested);
  return options.ok ? checkTunnelRoute({ exposures, ...apart(options.value) }) : options;
}

/** Tells the options of clients from those of the tunnel: the former are shown by STAT, and the latter know secrets. */
function apart(all: ConnOptions & TunnelOptions): Pick<TunnelRoute, "options" | "tunnel"> {
  const [tunnel, options] = splitOptions<TunnelOptions, ConnOptions>(all, TUNNEL_OPTIONS);
  return { options, tunnel };
}

/** Reads `host:port > service:port`, `barn host:port > service:port` or `barn@host:port>service:port`. */
export function parseExposure(text: string): Result<Exposure> {
  const [from = "", to, ...more] = text.split(">").map((part) => part.trim());
  if (to === undefined || more.length > 0) return fail(`bad "${text}": host:port>service:port is wanted`);
  const [, name, place = from] = /^([^\s@]+)[\s@]\s*(\S+)$/.exec(from) ?? [];
  const exposure = exposureOf(place, to);
  if (!exposure.ok || name === undefined) return exposure;
  return map(parseDeviceName(name), (device) => ({ ...exposure.value, device }));
}

/** Makes an exposure of its two addresses, `host:port` each. */
function exposureOf(from: string, to: string): Result<Exposure> {
  const listen = parseHostPort(from);
  if (!listen.ok) return listen;
  const service = parseHostPort(to);
  return service.ok ? ok({ listen: listen.value, service: service.value }) : service;
}

/** A line whose parts go together. */
function checkTunnelRoute(route: TunnelRoute): Result<TunnelRoute> {
  const { exposures, options, tunnel } = route;
  const [first] = exposures;
  if (first === undefined) return fail("nothing is exposed: host:port>service:port is wanted");
  if (exposures.length > MAX_EXPOSURES)
    return fail(`${exposures.length} ports are exposed, ${MAX_EXPOSURES} are the most`);
  const names = exposures.map(({ listen }) => formatHostPort(listen));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return fail(`${twice} is exposed twice`);
  if (options.transport !== "tcp") return fail("PRTO has no place here: a tunnel carries tcp");
  const { tls, certificate, key, authority, secret, devices } = tunnel;
  if (tls.kind === "identity" && [certificate, key, authority].some((word) => word !== undefined)) {
    return fail(`CERT, PKEY and CAFI go with TLS=true: [tls ${tls.name}] has the files`);
  }
  if (tls.kind === "files" && (certificate === undefined || key === undefined))
    return fail("TLS=true needs CERT and PKEY");
  if (tls.kind === "none" && [certificate, key, authority, secret, devices[0]].some((word) => word !== undefined)) {
    return fail(`CERT, PKEY, CAFI${devices.length > 0 ? ", SECR and DEVC" : " and SECR"} go with TLS=true`);
  }
  const problem = problemOfDevices(route) ?? parkingProblem(options, "tunnel");
  if (problem !== undefined) return fail(problem);
  const checked = checkConnRequest({ target: first.service, options });
  return checked.ok ? ok(route) : checked;
}

/** What is wrong with the devices of a line: each has a name of its own, and each exposed port belongs to one of them. */
function problemOfDevices({ exposures, tunnel: { devices, secret } }: TunnelRoute): string | undefined {
  const names = devices.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `device ${twice} is given twice`;
  if (names.length > MAX_DEVICES) return `${names.length} devices are named, ${MAX_DEVICES} are the most`;
  if (names.length > 0 && secret !== undefined) return "SECR and DEVC exclude each other: each DEVC has a secret";
  const stray = exposures.find(({ device }) =>
    names.length === 0 ? device !== undefined : !names.includes(device ?? ""),
  );
  if (stray !== undefined) {
    const place = formatHostPort(stray.listen);
    const known = names.join(", ");
    if (stray.device === undefined)
      return `${place} does not say beside which device its service is: ${names[0]} ${place}>…`;
    if (known === "") return `${stray.device} is no device of this line: DEVC=${stray.device}:secret is missing`;
    return `${stray.device} is no device of this line; its devices are ${known}`;
  }
  const idle = names.find((name) => exposures.every(({ device }) => device !== name));
  return idle === undefined ? undefined : `nothing is exposed of device ${idle}`;
}

/** An exposed port and its service, as STAT has them. */
export function exposureText({ listen, service }: Exposure): string {
  return `${formatHostPort(listen)}>${formatHostPort(service)}`;
}
