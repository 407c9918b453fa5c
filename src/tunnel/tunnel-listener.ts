import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import { readCredentials } from "../dial/tls-credentials.js";
import type { Tunnels } from "./tunnel-lines.js";

/**
 * The ports of `[tunnel]` that devices connect to (seed tcp-remote-connection).
 *
 * @throws when a file that a line names cannot be used
 */
export function tunnelListeners({ tunnel, proxy }: Settings, { tunnels }: { readonly tunnels: Tunnels }): Listener[] {
  return tunnel.map((line) => ({
    kind: "tunnel",
    port: line.port,
    name: lineName("tunnel", line.port),
    essential: !proxy,
    devices: true,
    ...(line.order.tunnel.tls && { secure: readCredentials(line.order.tunnel) }),
    welcome: (connection) => connection.host((end, over) => tunnels.of(line).accept(end, over)),
    turnAway() {},
  }));
}
