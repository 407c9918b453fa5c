import { clientLimit, limitKey, refusalBy } from "../accept/client-limit.js";
import { listenPlaces } from "../accept/line-places.js";
import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { LINE_ENDS } from "../core/limits/end-rules.js";
import type { DirectLines } from "./direct-lines.js";

/** The ports of `[direct]`: the daemon connects their clients to a remote at once, without greeting or reply (docs/direct.md). */
export function directListeners(
  { direct, linesEssential }: Settings,
  { directLines }: { readonly directLines: DirectLines },
): Listener[] {
  return direct.flatMap((line): Listener[] => {
    const { route } = line;
    const { listenTls } = route.options;
    const replyMode = route.direct.refusal === "reset" ? "reset" : "direct";
    const limit = clientLimit(route.options, {
      key: limitKey("direct", line),
      refuse: refusalBy(replyMode, route),
    });
    return listenPlaces("direct", line).map((place) => ({
      ...place,
      ...(listenTls !== undefined && { tls: listenTls }),
      ...limit,
      throughDaemon: "allowed",
      accepts: "clients",
      ends: LINE_ENDS,
      essential: linesEssential,
      route,
      claim: (server) => directLines.of(line).claim(server),
      welcome: (client) => client.connect(route, replyMode, () => directLines.of(line).dial(client.originFor(route))),
      reject() {},
    }));
  });
}
