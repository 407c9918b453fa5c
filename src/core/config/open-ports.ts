import { type HostPort, isEverywhere, isLoopback } from "../net/address.js";
import { identityIn } from "../tunnel/tunnel-tls.js";
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
    isEverywhere(host) ? `port ${formatPort(place)}` : formatListen({ host, ...place }),
  );
  if (ports.length === 0) return [];
  const more = ports.length - MAX_NAMED;
  const named = [...ports.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
  return [`every machine that reaches this one can use ${named}, without a password; ${remedy} limits that`];
}

/** The ports that ask for no proof of identity. */
function openPorts(settings: Settings): (Listen & HostPort)[] {
  const { clients, devices, ip, port, direct, mux, tunnel, webPort, webAddress, listenTls } = settings;
  const { webClients, webPassword } = settings;
  if (clients.length > 0) return [];
  const proving = new Set(settings.tlsIdentities.filter(({ authority }) => authority).map(({ name }) => name));
  /** Whether whoever connects needs no certificate. */
  const isOpen = (identity: string | undefined): boolean => identity === undefined || !proving.has(identity);
  const asksNobody = tunnel.filter(({ route: { tunnel: line } }) => {
    return (line.secret ?? line.authority ?? line.devices[0]) === undefined && isOpen(identityIn(line.tls));
  });
  const open = [...direct, ...mux].filter(({ route }) => isOpen(route.options.listenTls));
  const exposing = tunnel.filter(({ route }) => isOpen(route.options.listenTls));
  const ports = [
    ...(port > 0 && isOpen(listenTls) ? [{ host: ip, port }] : []),
    ...[...open, ...(devices.length > 0 ? [] : asksNobody)].flatMap((line) =>
      listensOf(line).map((listen) => ({ host: ip, ...listen })),
    ),
    ...exposing.flatMap(({ route }) => route.exposures.map(({ listen }) => listen)),
    ...(webPort > 0 && webClients.length === 0 && webPassword === "" ? [{ host: webAddress, port: webPort }] : []),
  ];
  return ports.filter(({ host }) => host !== "localhost" && !isLoopback(host));
}
