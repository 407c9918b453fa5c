import { controlListeners } from "../accept/control-listener.js";
import type { Listener } from "../accept/listener.js";
import { proxyListeners } from "../accept/proxy-listener.js";
import type { Settings } from "../core/config/settings.js";
import { directListeners } from "../direct/direct-listener.js";
import { muxListeners } from "../mux/mux-listener.js";
import { tunnelListeners } from "../tunnel/tunnel-listener.js";
import type { Features } from "./features.js";

/** All kinds of listeners. A new kind is a file and a line here. */
const KINDS: readonly ((settings: Settings, features: Features) => Listener[])[] = [
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
export function listenersOf(settings: Settings, features: Features): Listener[] {
  return KINDS.flatMap((kind) => kind(settings, features));
}
