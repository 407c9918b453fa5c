import type { Settings } from "../core/config/settings.js";
import type { Listener } from "./listener.js";

/** The Unix socket over which the user who started the daemon controls it: its clients begin in setup mode. */
export function controlListeners({ control }: Settings): Listener[] {
  if (control === "") return [];
  return [
    {
      kind: "control",
      port: 0,
      path: control,
      name: "control socket",
      throughDaemon: "refused",
      accepts: "clients",
      essential: true,
      welcome: (client) => client.beginSetup(),
      reject() {},
    },
  ];
}
