import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import { attachedDial } from "../dial/dial.js";
import type { MuxLines } from "./mux-lines.js";

/** The ports of `[mux]`: their clients share a device. */
export function muxListeners({ mux, proxy }: Settings, { muxLines }: { readonly muxLines: MuxLines }): Listener[] {
  return mux.map(
    (line): Listener => ({
      kind: "mux",
      port: line.port,
      name: lineName("mux", line.port),
      throughDaemon: "allowed",
      accepts: "clients",
      essential: !proxy,
      route: line.route,
      welcome: (client) => client.connect(line.route, "direct", () => attachedDial(muxLines.of(line).attach())),
      reject() {},
    }),
  );
}
