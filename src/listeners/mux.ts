import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/origin.js";
import { NOTHING_HELD } from "../hold.js";
import type { Muxes } from "../mux/muxes.js";
import type { Listener } from "./listener.js";

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
