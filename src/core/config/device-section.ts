import { didYouMean } from "../parse/near-miss.js";
import { checkDevice } from "./device-keys.js";
import { DEFAULT_SETTINGS, keysOf, parseValue } from "./keys.js";
import type { SectionReader } from "./port-sections.js";
import { DEVICE_VALUES, type NamedDevice, type Values } from "./settings.js";

/** Reads `[device NAME]`: one of several servers that use this machine as their device. The section has the keys of `[device]`. */
export function namedDevice(name: string, devices: NamedDevice[]): SectionReader {
  let values: Partial<Values> = {};
  const given = new Map<string, number>();
  let wrong = false;
  return {
    read: ({ key, value }, at) => {
      const before = given.get(key);
      given.set(key, at);
      const parsed = parseValue("device", key, value);
      const problem =
        before !== undefined
          ? `given twice, first in line ${before}`
          : parsed === undefined
            ? unknownKey(key, keysOf("device"))
            : parsed.ok
              ? undefined
              : parsed.message;
      wrong ||= problem !== undefined;
      if (parsed?.ok) values = { ...values, ...parsed.value };
      return problem;
    },
    end: () => {
      if (wrong) return undefined;
      const all = { ...DEFAULT_SETTINGS, ...values };
      if (all.deviceServers.length === 0) return "server is missing: host:port of the server";
      const [problem] = checkDevice(all);
      if (problem !== undefined) return problem;
      const own = Object.fromEntries(DEVICE_VALUES.map((member) => [member, all[member]]));
      devices.push({ ...(own as unknown as NamedDevice), name });
      return undefined;
    },
  };
}

/** The problem of a key that the section does not have. */
export function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key; known are ${known.join(", ")}${didYouMean(key, known)}`;
}
