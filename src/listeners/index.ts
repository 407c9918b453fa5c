import type { Settings } from "../core/config/settings.js";
import type { Muxes } from "../mux/muxes.js";
import { directListeners } from "./direct.js";
import type { Listener } from "./listener.js";
import { muxListeners } from "./mux.js";
import { proxyListeners } from "./proxy.js";

/** All kinds of listeners. A new one is a file and a line here. */
const KINDS: readonly ((settings: Settings, muxes: Muxes) => Listener[])[] = [
  proxyListeners,
  directListeners,
  muxListeners,
];

/** The listeners that settings ask for. */
export function listenersOf(settings: Settings, muxes: Muxes): Listener[] {
  return KINDS.flatMap((kind) => kind(settings, muxes));
}
