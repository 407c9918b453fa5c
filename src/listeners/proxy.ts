import type { Settings } from "../core/config/settings.js";
import type { Listener } from "./listener.js";

/** The proxy's own port: its clients begin in setup mode (seed, "Talking to the Proxy"). */
export function proxyListeners({ port }: Settings): Listener[] {
  return [{ kind: "proxy", port, welcome: (connection) => connection.converse() }];
}
