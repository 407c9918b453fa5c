import { controlListeners } from "../accept/control-listener.js";
import type { Listener } from "../accept/listener.js";
import { proxyListeners } from "../accept/proxy-listener.js";
import type { Settings } from "../core/config/settings.js";
import { directListeners } from "../direct/direct-listener.js";
import { muxListeners } from "../mux/mux-listener.js";
import { tunnelListeners } from "../tunnel/tunnel-listener.js";
import type { Features } from "./features.js";

/** All kinds of listeners. A new one is a file and a line here. */
const KINDS: readonly ((settings: Settings, features: Features) => Listener[])[] = [
  proxyListeners,
  directListeners,
  muxListeners,
  tunnelListeners,
  controlListeners, // behind the ports: who has those is the one that has the right to it
];

/** The listeners that settings ask for. */
export function listenersOf(settings: Settings, features: Features): Listener[] {
  return KINDS.flatMap((kind) => kind(settings, features));
}
