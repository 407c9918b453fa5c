import type { Settings } from "../core/config/settings.js";
import type { Tunnels } from "../tunnel/tunnels.js";
import type { Listener } from "./listener.js";

/** The ports of `[tunnel]` that devices connect to (seed tcp-remote-connection). */
export function tunnelListeners({ tunnel, proxy }: Settings, { tunnels }: { readonly tunnels: Tunnels }): Listener[] {
  return tunnel.map((line) => ({
    kind: "tunnel",
    port: line.port,
    name: `tunnel port ${line.port}`,
    essential: !proxy,
    welcome: (connection) => connection.host((end, over) => tunnels.of(line).accept(end, over)),
    turnAway() {},
  }));
}
