import type { Listener } from "#src/accept/listener.js";

/** A listener that welcomes and rejects nobody, unless the test says otherwise. */
export function listenerOf(port: number, more: Partial<Listener> = {}): Listener {
  return {
    ...{
      kind: "direct",
      port,
      name: `direct port ${port}`,
      essential: false,
      throughDaemon: "allowed",
      accepts: "clients",
    },
    welcome() {},
    reject() {},
    ...more,
  };
}
