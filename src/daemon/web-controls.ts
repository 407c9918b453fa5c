import type { Settings } from "../core/config/settings.js";
import type { Controls } from "../web/actions.js";
import type { DaemonControl } from "./generation.js";
import type { Services } from "./services.js";

/** What the web page may have the daemon do. @param settings those in force */
export function webControls(
  { registry, log }: Pick<Services, "registry" | "log">,
  settings: () => Settings,
  { reload }: Pick<DaemonControl, "reload">,
): Controls {
  return {
    closeConnection(id, reason) {
      const connection = registry.find(id);
      if (connection === undefined) return "unknown";
      if (connection.phase === "closing") return "closing";
      connection.stop(reason);
      return "closed";
    },
    setDebug(debug) {
      const logLevel = settings().logLevel === "debug" ? "info" : settings().logLevel;
      log.configure({ ...settings(), logLevel, debug });
    },
    reload: (reason) => reload(reason, false),
  };
}
