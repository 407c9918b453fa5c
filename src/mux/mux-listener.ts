import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import { NOTHING_HELD } from "../sockets/early-data.js";
import type { Muxes } from "./mux-lines.js";

/** The ports of `[mux]`: their clients share a device. */
export function muxListeners({ mux, proxy }: Settings, { muxes }: { readonly muxes: Muxes }): Listener[] {
  return mux.map((line) => ({
    kind: "mux",
    port: line.port,
    name: lineName("mux", line.port),
    essential: !proxy,
    order: line.order,
    welcome: (connection) =>
      connection.connect(line.order, NOTHING_HELD, "direct", () => ({
        end: Promise.resolve(muxes.of(line).attach()),
        descriptors: 0,
        abort() {},
      })),
    turnAway() {},
  }));
}
