import type { Settings } from "../core/config/settings.js";
import { directListeners } from "./direct.js";
import type { Listener } from "./listener.js";
import { proxyListeners } from "./proxy.js";

/** All kinds of listeners. A new one is a file and a line here. */
const KINDS: readonly ((settings: Settings) => Listener[])[] = [proxyListeners, directListeners];

/** The listeners that settings ask for. */
export function listenersOf(settings: Settings): Listener[] {
  return KINDS.flatMap((kind) => kind(settings));
}
