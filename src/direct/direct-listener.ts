import { placesOf } from "../accept/line-places.js";
import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import type { DirectLines } from "./direct-lines.js";

/**
 * The ports of `[direct]`: their clients are connected to a remote at once, without greeting or reply (seed,
 * "Configuration").
 */
export function directListeners(
  { direct, linesEssential }: Settings,
  { directLines }: { readonly directLines: DirectLines },
): Listener[] {
  return direct.flatMap((line): Listener[] => {
    const { route } = line;
    const replyMode = route.direct.refusal === "reset" ? "reset" : "direct";
    return placesOf("direct", line).map((place) => ({
      ...place,
      throughDaemon: "allowed",
      accepts: "clients",
      essential: linesEssential,
      route,
      welcome: (client) => client.connect(route, replyMode, () => directLines.of(line).reach(client.origin)),
      reject() {},
    }));
  });
}
