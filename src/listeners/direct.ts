import type { Settings } from "../core/config/settings.js";
import type { Listener } from "./listener.js";

const NOTHING_YET = { bytes: Buffer.alloc(0), ended: false };

/** The ports of `[direct]`: their clients are connected to one remote at once, without greeting or reply (seed, "Configuration"). */
export function directListeners({ direct }: Settings): Listener[] {
  return direct.map(({ port, order }) => ({
    kind: "direct",
    port,
    name: `direct port ${port}`,
    essential: false,
    order,
    welcome: (connection) => connection.connect(order, NOTHING_YET, false),
    turnAway() {},
  }));
}
