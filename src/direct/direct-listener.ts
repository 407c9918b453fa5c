import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import type { DirectLines } from "./direct-lines.js";

/**
 * The ports of `[direct]`: their clients are connected to a remote at once, without greeting or reply (seed,
 * "Configuration").
 */
export function directListeners(
  { direct, proxy }: Settings,
  { directLines }: { readonly directLines: DirectLines },
): Listener[] {
  return direct.map((line): Listener => {
    const { port, route } = line;
    const replyMode = route.direct.refusal === "reset" ? "reset" : "direct";
    return {
      kind: "direct",
      port,
      name: lineName("direct", port),
      throughDaemon: "allowed",
      accepts: "clients",
      essential: !proxy,
      route,
      welcome: (client) => client.connect(route, replyMode, () => directLines.of(line).reach(client.origin)),
      reject() {},
    };
  });
}
