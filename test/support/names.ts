import type { HostAddress } from "#src/core/names/host-address.js";
import { Times } from "#src/log/times.js";
import type { NameServers, NameSources } from "#src/names/name-sources.js";
import { Names } from "#src/names/names.js";
import type { Clock } from "#src/system/clock.js";
import { systemClock } from "#src/system/clock.js";

const SILENT: NameServers = { count: 0, ask: async () => ({ kind: "silence" }), areCurrent: () => true };

/**
 * Names as tests have them that are not about names: they know `localhost`.
 *
 * @param known what other names mean, each with its IPv4 addresses; it may change
 */
export function localNames(clock: Clock = systemClock, known: Readonly<Record<string, string>> = {}): Names {
  const sources: NameSources = {
    async hosts(name): Promise<HostAddress[]> {
      const text = name === "localhost" ? "127.0.0.1" : (known[name] ?? "");
      return text.split(" ").flatMap((address) => (address === "" ? [] : [{ address, family: 4 }]));
    },
    servers: () => SILENT,
    system: async () => [],
    close() {},
  };
  return new Names(clock, { warn() {}, times: new Times() }, sources);
}
