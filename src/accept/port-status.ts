import { listenerKey } from "../core/health/problems.js";
import type { HostPort } from "../core/net/address.js";
import { formatRemote } from "../core/options/conn-request.js";
import type { ListenerStatus } from "../core/status/daemon-status.js";
import type { LineNames } from "../core/status/gathering.js";
import type { BlockedPort } from "../core/tunnel/tunnel-status.js";
import type { Listener } from "./listener.js";

/** Where the connections of a listener go, as the log shows it; undefined when the client chooses. */
export function destination({ route }: Listener): string | undefined {
  if (route === undefined) return undefined;
  const { target, options, servers = [target] } = route;
  return servers.map((server) => formatRemote({ target: server, options })).join(",");
}

/** A port in STAT JSON. @param bound where it listens */
export function portStatus(listener: Listener, bound: HostPort, blocked: BlockedPort | undefined): ListenerStatus {
  const { kind, name, path, route, tls, section } = listener;
  const remote = destination(listener);
  return {
    kind,
    name,
    address: path ?? bound.host,
    port: bound.port,
    ...(remote !== undefined && { remote }),
    ...(route && { targets: route.servers ?? [route.target] }),
    ...(typeof tls === "string" && { tls }),
    ...(section !== undefined && { section }),
    ...blocked,
  };
}

/** What a port can be called by. @param bound where it listens */
export function portNames({ path, section }: Listener, { host, port }: HostPort): LineNames {
  return [listenerKey({ section, port, address: path ?? host }), String(port)];
}
