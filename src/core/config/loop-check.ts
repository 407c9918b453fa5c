import { formatHostPort, type HostPort } from "../net/address.js";
import { RouteGraph, reachesListener, TARGET_IS_DAEMON, TARGET_IS_LOOP } from "../net/loop-rules.js";
import type { ServicePattern } from "../tunnel/service-rules.js";
import type { Settings } from "./settings.js";

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

function placesOf({ proxy, ip, port, webAddress, webPort, direct, mux, tunnel }: Settings): Place[] {
  return [
    ...(proxy ? [{ line: "[host]", host: ip, port, sealed: true }] : []),
    ...(webPort > 0 ? [{ line: "[web]", host: webAddress, port: webPort, sealed: true }] : []),
    ...direct.map((line) => ({ line: `[direct] ${line.port}`, host: ip, port: line.port })),
    ...mux.map((line) => ({ line: `[mux] ${line.port}`, host: ip, port: line.port })),
    ...tunnel.flatMap((tunnelLine) => {
      const line = `[tunnel] ${tunnelLine.port}`;
      const exposed = tunnelLine.route.exposures.map(({ listen }) => ({ line, ...listen }));
      return [{ line, host: ip, port: tunnelLine.port, door: true }, ...exposed];
    }),
  ];
}

function waysOf({ direct, mux, deviceServer, deviceAllow }: Settings): Way[] {
  const device = "[device]";
  return [
    ...direct.flatMap(({ port, route }) =>
      route.servers.map((target) => ({
        line: `[direct] ${port}`,
        target,
        udp: route.options.transport === "udp",
      })),
    ),
    ...mux.map(({ port, route }) => ({ line: `[mux] ${port}`, target: route.target })),
    ...(deviceServer === undefined ? [] : [{ line: device, target: deviceServer }]),
    ...deviceAllow.flatMap(single).map((target) => ({ line: device, target })),
  ];
}

/** The services that a pattern names; none where it is about many. */
function single({ hosts, port }: ServicePattern): HostPort[] {
  return hosts.flatMap((pattern) => {
    if (pattern.kind === "name") return { host: pattern.name, port };
    return pattern.prefix === (pattern.family === "ipv4" ? 32 : 128) ? { host: pattern.address, port } : [];
  });
}
