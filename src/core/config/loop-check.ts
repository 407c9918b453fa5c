import { formatHostPort, type HostPort } from "../net/address.js";
import { RouteGraph, reachesListener, TARGET_IS_DAEMON, TARGET_IS_LOOP } from "../net/loop-rules.js";
import type { ServicePattern } from "../tunnel/service-rules.js";
import { lineTitle } from "./keys.js";
import { listensOf } from "./listen.js";
import type { DeviceValues, PortLine, PortSection, Settings } from "./settings.js";

/** An address and port on which a line of the configuration listens. */
interface Place extends HostPort {
  /** The line as {@link lineTitle} names it. */
  readonly line: string;
  /** Whether nobody may reach the port through the daemon. */
  readonly offLimits?: boolean;
  readonly datagrams?: boolean;
  /** Whether devices connect to the port: its line then leads to whatever connects. */
  readonly forDevices?: boolean;
}

/** A target of a line of the configuration. */
interface Way {
  readonly line: string;
  readonly target: HostPort;
  /** Whether the line sends datagrams: only a port that takes them can answer. */
  readonly datagrams?: boolean;
}

const LOCALHOST = "localhost";

/**
 * Finds lines that lead to the daemon itself or in a loop, by their addresses and `localhost`. Other names are checked when the daemon
 * resolves them.
 *
 * @param isOwn whether an address in canonical form belongs to an interface of this machine
 * @returns the problems, a line each
 */
export function checkLoops(settings: Settings, isOwn: (address: string) => boolean): string[] {
  const places = listeningPlaces(settings);
  const routes = new RouteGraph();
  return waysOf(settings).flatMap(({ line, target, datagrams = false }) => {
    const addresses = target.host.toLowerCase() === LOCALHOST ? [LOCALHOST, "127.0.0.1", "::1"] : [target.host];
    const found = places.filter(
      ({ host, port }) => port === target.port && addresses.some((address) => reachesListener(address, host, isOwn)),
    );
    const wrong = (what: string): string => `${line}: ${formatHostPort(target)}${what}`;
    if (found.some(({ offLimits }) => offLimits)) return wrong(`: ${TARGET_IS_DAEMON}`);
    const reached = found.filter((to) => (to.datagrams ?? false) === datagrams);
    const open = reached.every((to) => (to.forDevices ? routes.add(to.line, line) : routes.add(line, to.line)));
    return open ? [] : wrong(` ${TARGET_IS_LOOP}`);
  });
}

function listeningPlaces({ ip, port, webAddress, webPort, direct, mux, tunnel }: Settings): Place[] {
  const listens = (section: PortSection, lines: readonly PortLine<unknown>[]): Place[] =>
    lines.flatMap((line) => listensOf(line).map((listen) => ({ line: lineTitle(section, line), host: ip, ...listen })));
  return [
    ...(port > 0 ? [{ line: "[host]", host: ip, port, offLimits: true }] : []),
    ...(webPort > 0 ? [{ line: "[web]", host: webAddress, port: webPort, offLimits: true }] : []),
    ...listens("direct", direct),
    ...listens("mux", mux),
    ...listens("tunnel", tunnel).map((place) => ({ ...place, forDevices: true })),
    ...tunnel.flatMap((line) =>
      line.route.exposures.map(({ listen }) => ({ line: lineTitle("tunnel", line), ...listen })),
    ),
  ];
}

function waysOf({ direct, mux, namedDevices, ...settings }: Settings): Way[] {
  return [
    ...direct.flatMap((line) =>
      line.route.servers.map((target) => ({
        line: lineTitle("direct", line),
        target,
        datagrams: line.route.options.transport === "udp",
      })),
    ),
    ...mux.map((line) => ({ line: lineTitle("mux", line), target: line.route.target })),
    ...deviceWays("[device]", settings),
    ...namedDevices.flatMap((named) => deviceWays(`[device ${named.name}]`, named)),
  ];
}

function deviceWays(line: string, { deviceServers, deviceAllow }: DeviceValues): Way[] {
  return [...deviceServers, ...deviceAllow.flatMap(single)].map((target) => ({ line, target }));
}

/** The services that a pattern names one by one; none for a pattern of a whole network. */
function single({ hosts, port }: ServicePattern): HostPort[] {
  return hosts.flatMap((pattern) => {
    if (pattern.kind === "name") return { host: pattern.name, port };
    return pattern.prefix === (pattern.family === "ipv4" ? 32 : 128) ? { host: pattern.address, port } : [];
  });
}
