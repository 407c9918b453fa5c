import { listenPlaces } from "../accept/line-places.js";
import type { Listener } from "../accept/listener.js";
import type { Settings } from "../core/config/settings.js";
import type { TunnelOptions } from "../core/tunnel/tunnel-options.js";
import { identityIn } from "../core/tunnel/tunnel-tls.js";
import { readCredentials } from "../dial/tls-credentials.js";
import type { TunnelLines } from "./tunnel-lines.js";

/**
 * The ports of `[tunnel]` that devices connect to (docs/tunnel.md).
 *
 * @throws when a file that a line names cannot be used
 */
export function tunnelListeners(
  { tunnel, linesEssential }: Settings,
  features: { readonly tunnelLines: TunnelLines },
): Listener[] {
  return tunnel.flatMap((line) =>
    listenPlaces("tunnel", line).map(
      (place): Listener => ({
        ...place,
        throughDaemon: "allowed",
        accepts: "devices",
        essential: linesEssential,
        ...tlsOf(line.route.tunnel),
        welcome: (client) =>
          client.handOver((end, over, heard) => features.tunnelLines.of(line).accept(end, over, heard)),
        reject() {},
      }),
    ),
  );
}

/** How the port of a line speaks TLS: by the files that the line names, or by an identity. */
function tlsOf(tunnel: TunnelOptions): Pick<Listener, "tls"> {
  if (tunnel.tls.kind === "none") return {};
  return { tls: identityIn(tunnel.tls) ?? readCredentials(tunnel) };
}
