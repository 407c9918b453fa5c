import type { Settings } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import { errorReply } from "../core/setup/run-command.js";
import type { Listener } from "./listener.js";

/** The proxy's own port: its clients begin in setup mode (`docs/protocol.md`). */
export function proxyListeners({ port, listenTls, proxies }: Settings): Listener[] {
  if (port === 0) return [];
  return [
    {
      kind: "proxy",
      port,
      ...(listenTls !== "" && { tls: listenTls }),
      ...(proxies.length > 0 && { proxies }),
      name: lineName("proxy", { port }),
      throughDaemon: "refused",
      accepts: "clients",
      essential: true,
      welcome: (client) => client.beginSetup(),
      reject: (client, reason) => client.write(`${errorReply("ACCESS", reason)}\n`),
    },
  ];
}
