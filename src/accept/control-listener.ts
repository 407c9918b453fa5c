import type { Settings } from "../core/config/settings.js";
import type { Listener } from "./listener.js";

/** The Unix socket by which those who started the daemon tell it what to do: its clients begin in setup mode. */
export function controlListeners({ control }: Settings): Listener[] {
  if (control === "") return [];
  return [
    {
      kind: "control",
      port: 0,
      path: control,
      name: "control socket",
      essential: true,
      welcome: (connection) => connection.converse(),
      reject() {},
    },
  ];
}
