import type { Settings } from "../core/config/settings.js";
import type { Directs } from "../direct/directs.js";
import type { Muxes } from "../mux/muxes.js";
import { controlListeners } from "./control.js";
import { directListeners } from "./direct.js";
import type { Listener } from "./listener.js";
import { muxListeners } from "./mux.js";
import { proxyListeners } from "./proxy.js";

/** What the clients of ports are connected to that outlives them. */
export interface Remotes {
  readonly directs: Directs;
  readonly muxes: Muxes;
}

/** All kinds of listeners. A new one is a file and a line here. */
const KINDS: readonly ((settings: Settings, remotes: Remotes) => Listener[])[] = [
  proxyListeners,
  directListeners,
  muxListeners,
  controlListeners, // behind the ports: who has those is the one that has the right to it
];

/** The listeners that settings ask for. */
export function listenersOf(settings: Settings, remotes: Remotes): Listener[] {
  return KINDS.flatMap((kind) => kind(settings, remotes));
}
