import { checkDevice } from "./device-keys.js";
import { DEFAULT_SETTINGS, keysOf, parseValue } from "./keys.js";
import type { SectionReader } from "./port-sections.js";
import { DEVICE_VALUES, type NamedDevice, type Values } from "./settings.js";
import { wholeSection } from "./whole-section.js";

/** Reads `[device NAME]`: one of several servers that use this machine as their device. The section has the keys of `[device]`. */
export function namedDevice(name: string, devices: NamedDevice[]): SectionReader {
  let values: Partial<Values> = {};
  return wholeSection({
    keys: keysOf("device"),
    take: (key, value) => {
      const parsed = parseValue("device", key, value);
      if (parsed?.ok === false) return parsed.message;
      values = { ...values, ...parsed?.value };
      return undefined;
    },
    finish: () => {
      const all = { ...DEFAULT_SETTINGS, ...values };
      if (all.deviceServers.length === 0) return "server is missing: host:port of the server";
      const [problem] = checkDevice(all);
      if (problem !== undefined) return problem;
      const own = Object.fromEntries(DEVICE_VALUES.map((member) => [member, all[member]]));
      devices.push({ ...(own as unknown as NamedDevice), name });
      return undefined;
    },
  });
}
