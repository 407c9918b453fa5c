import type { Settings } from "../core/config/settings.js";
import type { Jobs } from "../jobs.js";
import { controlListeners } from "./control.js";
import { directListeners } from "./direct.js";
import type { Listener } from "./listener.js";
import { muxListeners } from "./mux.js";
import { proxyListeners } from "./proxy.js";
import { tunnelListeners } from "./tunnel.js";

/** All kinds of listeners. A new one is a file and a line here. */
const KINDS: readonly ((settings: Settings, jobs: Jobs) => Listener[])[] = [
  proxyListeners,
  directListeners,
  muxListeners,
  tunnelListeners,
  controlListeners, // behind the ports: who has those is the one that has the right to it
];

/** The listeners that settings ask for. */
export function listenersOf(settings: Settings, jobs: Jobs): Listener[] {
  return KINDS.flatMap((kind) => kind(settings, jobs));
}
