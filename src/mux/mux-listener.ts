import { clientLimit, limitKey } from "../accept/client-limit.js";
import { listenPlaces } from "../accept/line-places.js";
import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { SHARED_ENDS } from "../core/limits/end-rules.js";
import { attachedDial } from "../dial/dial.js";
import type { MuxLines } from "./mux-lines.js";

/** The ports of `[mux]`: their clients share a device. */
export function muxListeners({ mux, linesEssential }: Settings, features: { readonly muxLines: MuxLines }): Listener[] {
  return mux.flatMap((line) =>
    listenPlaces("mux", line).map(
      (place): Listener => ({
        ...place,
        ...(line.route.options.listenTls !== undefined && { tls: line.route.options.listenTls }),
        ...clientLimit(line.route.options, { key: limitKey("mux", line), sharesRemote: true, refuse() {} }),
        throughDaemon: "allowed",
        accepts: "clients",
        ends: SHARED_ENDS,
        essential: linesEssential,
        route: line.route,
        welcome: (client) =>
          client.connect(line.route, "direct", () => attachedDial(features.muxLines.of(line).attach(client))),
        reject() {},
      }),
    ),
  );
}
