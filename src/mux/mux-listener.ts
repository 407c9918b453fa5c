import { listenPlaces } from "../accept/line-places.js";
import { type ListenTlsParts, listenTls } from "../accept/listen-tls.js";
import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { attachedDial } from "../dial/dial.js";
import type { MuxLines } from "./mux-lines.js";

/** The ports of `[mux]`: their clients share a device. */
export function muxListeners(
  { mux, linesEssential }: Settings,
  parts: ListenTlsParts & { readonly muxLines: MuxLines },
): Listener[] {
  return mux.flatMap((line) =>
    listenPlaces("mux", line).map(
      (place): Listener => ({
        ...place,
        ...listenTls(line.route.options.listenTls, parts),
        throughDaemon: "allowed",
        accepts: "clients",
        essential: linesEssential,
        route: line.route,
        welcome: (client) =>
          client.connect(line.route, "direct", () => attachedDial(parts.muxLines.of(line).attach(client))),
        reject() {},
      }),
    ),
  );
}
