import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import { NOTHING_HELD } from "../sockets/early-data.js";
import type { Directs } from "./direct-lines.js";

/**
 * The ports of `[direct]`: their clients are connected to a remote at once, without greeting or reply (seed,
 * "Configuration").
 */
export function directListeners({ direct, proxy }: Settings, { directs }: { readonly directs: Directs }): Listener[] {
  return direct.map((line) => {
    const { port, order } = line;
    const manner = order.direct.refusal === "reset" ? "reset" : "direct";
    return {
      kind: "direct",
      port,
      name: lineName("direct", port),
      essential: !proxy,
      order,
      welcome: (connection) =>
        connection.connect(order, NOTHING_HELD, manner, () => directs.of(line).reach(connection.origin)),
      turnAway() {},
    };
  });
}
