import { formatHostPort, type HostPort } from "../net/address.js";
import { RouteGraph, reachesListener, TARGET_IS_DAEMON, TARGET_IS_LOOP } from "../net/loop-rules.js";
import type { ServicePattern } from "../tunnel/service-rules.js";
import { lineTitle } from "./keys.js";
import { listensOf } from "./listen.js";
import type { DeviceValues, PortLine, PortSection, Settings } from "./settings.js";

/** Where a line of the configuration listens. */
interface Place extends HostPort {
  /** As its messages begin: `[direct] 8125`. */
  readonly line: string;
  /** Nobody may reach it through the daemon. */
  readonly sealed?: boolean;
  /** What connects there is what the line leads to. */
  readonly door?: boolean;
}

/** Where a line of the configuration leads to. */
interface Way {
  readonly line: string;
  readonly target: HostPort;
  /** No port of ours can answer, since those are all of TCP. */
  readonly udp?: boolean;
}

const LOCALHOST = "localhost";

/**
 * What is wrong with lines by which the daemon would reach itself, or bytes would go in a circle, as far as addresses and `localhost`
 * tell: names are judged when they are resolved.
 *
 * @param isOwn whether an address, in its canonical form, is one of this machine's interfaces
 */
export function checkLoops(settings: Settings, isOwn: (address: string) => boolean): string[] {
  const places = placesOf(settings);
  const routes = new RouteGraph();
  return waysOf(settings).flatMap(({ line, target, udp = false }) => {
    const addresses = target.host.toLowerCase() === LOCALHOST ? [LOCALHOST, "127.0.0.1", "::1"] : [target.host];
    const found = places.filter(
      ({ host, port }) => port === target.port && addresses.some((address) => reachesListener(address, host, isOwn)),
    );
    const wrong = (what: string): string => `${line}: ${formatHostPort(target)}${what}`;
    if (found.some(({ sealed }) => sealed)) return wrong(`: ${TARGET_IS_DAEMON}`);
    const open = found.every((to) => udp || (to.door ? routes.add(to.line, line) : routes.add(line, to.line)));
    return open ? [] : wrong(` ${TARGET_IS_LOOP}`);
  });
}

function placesOf({ ip, port, webAddress, webPort, direct, mux, tunnel }: Settings): Place[] {
  const listens = (section: PortSection, lines: readonly PortLine<unknown>[]): Place[] =>
    lines.flatMap((line) => listensOf(line).map((listen) => ({ line: lineTitle(section, line), host: ip, ...listen })));
  return [
    ...(port > 0 ? [{ line: "[host]", host: ip, port, sealed: true }] : []),
    ...(webPort > 0 ? [{ line: "[web]", host: webAddress, port: webPort, sealed: true }] : []),
    ...listens("direct", direct),
    ...listens("mux", mux),
    ...listens("tunnel", tunnel).map((place) => ({ ...place, door: true })),
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
        udp: line.route.options.transport === "udp",
      })),
    ),
    ...mux.map((line) => ({ line: lineTitle("mux", line), target: line.route.target })),
    ...deviceWays("[device]", settings),
    ...namedDevices.flatMap((named) => deviceWays(`[device ${named.name}]`, named)),
  ];
}

function deviceWays(line: string, { deviceServer, deviceAllow }: DeviceValues): Way[] {
  const server = deviceServer === undefined ? [] : [deviceServer];
  return [...server, ...deviceAllow.flatMap(single)].map((target) => ({ line, target }));
}

/** The services that a pattern names; none where it is about many. */
function single({ hosts, port }: ServicePattern): HostPort[] {
  return hosts.flatMap((pattern) => {
    if (pattern.kind === "name") return { host: pattern.name, port };
    return pattern.prefix === (pattern.family === "ipv4" ? 32 : 128) ? { host: pattern.address, port } : [];
  });
}
