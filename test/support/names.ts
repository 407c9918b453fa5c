import type { HostAddress } from "#src/core/names/host-address.js";
import type { NameServers, NameSources } from "#src/names/name-sources.js";
import { Names } from "#src/names/names.js";
import type { Clock } from "#src/system/clock.js";
import { systemClock } from "#src/system/clock.js";

const SILENT: NameServers = { count: 0, ask: async () => ({ kind: "silence" }), cancel() {} };

/** Sources that know `localhost`, and no other name. */
export const ONLY_LOCALHOST: NameSources = {
  async hosts(name): Promise<HostAddress[]> {
    return name === "localhost" ? [{ address: "127.0.0.1", family: 4 }] : [];
  },
  servers: () => SILENT,
  system: async () => [],
  close() {},
};

/** Names as tests have them that are not about names: they know `localhost`. */
export function localNames(clock: Clock = systemClock): Names {
  return new Names(clock, { warn() {} }, ONLY_LOCALHOST);
}
