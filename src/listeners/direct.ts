import type { Settings } from "../core/config/settings.js";
import { NOTHING_HELD } from "../hold.js";
import type { Listener } from "./listener.js";

/** The ports of `[direct]`: their clients are connected to one remote at once, without greeting or reply (seed, "Configuration"). */
export function directListeners({ direct }: Settings): Listener[] {
  return direct.map(({ port, order }) => ({
    kind: "direct",
    port,
    name: `direct port ${port}`,
    essential: false,
    order,
    welcome: (connection) => connection.connect(order, NOTHING_HELD, false),
    turnAway() {},
  }));
}
