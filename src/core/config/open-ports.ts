import { type HostPort, isLoopback } from "../net/address.js";
import { formatListen, formatPort, listensOf } from "./listen.js";
import type { Listen, Settings } from "./settings.js";

const MAX_NAMED = 4; // in a line for people

/**
 * Warns of ports that every machine in reach can use without a password: one line, or none.
 *
 * @param remedy the subject of the sentence "… limits that"
 */
export function openPortWarnings(settings: Settings, remedy: string): string[] {
  const ports = openPorts(settings).map(({ host, ...place }) =>
    isAny(host) ? `port ${formatPort(place)}` : formatListen({ host, ...place }),
  );
  if (ports.length === 0) return [];
  const more = ports.length - MAX_NAMED;
  const named = [...ports.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
  return [`every machine that reaches this one can use ${named}, without a password; ${remedy} limits that`];
}

/** The ports that ask for no proof of identity. */
function openPorts({
  clients,
  devices,
  ip,
  port,
  direct,
  mux,
  tunnel,
  webPort,
  webAddress,
}: Settings): (Listen & HostPort)[] {
  if (clients.length > 0) return [];
  const asksNobody = tunnel.filter(({ route }) => (route.tunnel.secret ?? route.tunnel.authority) === undefined);
  const ports = [
    ...(port > 0 ? [{ host: ip, port }] : []),
    ...[...direct, ...mux, ...(devices.length > 0 ? [] : asksNobody)].flatMap((line) =>
      listensOf(line).map((listen) => ({ host: ip, ...listen })),
    ),
    ...tunnel.flatMap(({ route }) => route.exposures.map(({ listen }) => listen)),
    ...(webPort > 0 ? [{ host: webAddress, port: webPort }] : []),
  ];
  return ports.filter(({ host }) => host !== "localhost" && !isLoopback(host));
}

function isAny(host: string): boolean {
  return ["*", "0.0.0.0", "::"].includes(host);
}
