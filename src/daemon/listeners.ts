import { controlListeners } from "../accept/control-listener.js";
import type { ListenTlsParts } from "../accept/listen-tls.js";
import type { Listener } from "../accept/listener.js";
import { proxyListeners } from "../accept/proxy-listener.js";
import type { Settings } from "../core/config/settings.js";
import type { TlsIdentities } from "../dial/tls-credentials.js";
import { directListeners } from "../direct/direct-listener.js";
import { muxListeners } from "../mux/mux-listener.js";
import { tunnelListeners } from "../tunnel/tunnel-listener.js";
import type { Features } from "./features.js";

/** What listeners lead to, and what they need. */
type ListenerParts = ListenTlsParts & Pick<Features, "directLines" | "muxLines" | "tunnelLines">;

/** All kinds of listeners. A new kind is a file and a line here. */
const KINDS: readonly ((settings: Settings, parts: ListenerParts) => Listener[])[] = [
  proxyListeners,
  directListeners,
  muxListeners,
  tunnelListeners,
  controlListeners, // last: the daemon that has got the ports may take the control socket, too
];

/**
 * The listeners of a configuration.
 *
 * @throws when a file that a listener needs cannot be used
 */
export function listenersOf(settings: Settings, features: Features, tlsIdentities: TlsIdentities): Listener[] {
  const { directLines, muxLines, tunnelLines } = features;
  return KINDS.flatMap((kind) => kind(settings, { directLines, muxLines, tunnelLines, tlsIdentities }));
}
