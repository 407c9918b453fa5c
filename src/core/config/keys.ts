import { ok, type Result } from "../parse/result.js";
import { ACCESS_KEYS } from "./access-keys.js";
import { ALERT_KEYS } from "./alert-keys.js";
import { checkDevice, DEVICE_KEYS } from "./device-keys.js";
import { HOST_KEYS } from "./host-keys.js";
import type { PortSection, Section, Settings, Values } from "./settings.js";
import { WEB_KEYS } from "./web-keys.js";

/** All keys that have a value, in the order `--check` and the example file show them. */
export const KEYS = [...HOST_KEYS, ...ACCESS_KEYS, ...ALERT_KEYS, ...WEB_KEYS, ...DEVICE_KEYS] as const;

/** The sections whose lines are about a port each. */
export const PORT_SECTIONS: readonly PortSection[] = ["direct", "mux", "tunnel"];

/** The sections they stand in. */
export const SECTIONS: readonly Section[] = [...new Set(KEYS.map(({ section }) => section))];

/**
 * Reads one value.
 *
 * @param key in lower case
 * @returns nothing when the section has no such key
 */
export function parseValue(section: Section, key: string, text: string): Result<Partial<Values>> | undefined {
  const found = KEYS.find((row) => row.key === key && (row.section === section || row.alsoIn === section));
  if (found === undefined) return undefined;
  const parsed = found.parse(text);
  return parsed.ok ? ok({ [found.name]: parsed.value }) : parsed;
}

/** What holds where nothing is configured (seed, "Configuration"): the defaults of the table. */
export const DEFAULT_SETTINGS: Settings = defaults();

function defaults(): Settings {
  const parsed = KEYS.map(({ section, key, defaultText }) => parseValue(section, key, defaultText));
  return Object.assign(
    { proxy: true, control: "", logStyle: "date", direct: [], mux: [], tunnel: [] },
    ...parsed.map((result) => (result?.ok ? result.value : {})),
  );
}

/** The settings as a configuration file that would lead to them, secrets masked. */
export function printSettings(settings: Settings): string {
  const sections = SECTIONS.map((section) => {
    const rows = KEYS.filter((row) => row.section === section);
    const lines = rows.map((row) => `${row.key}=${(row.print as (value: unknown) => string)(settings[row.name])}`);
    return [`[${section}]`, ...lines, ""].join("\n");
  });
  const lines = PORT_SECTIONS.map((name) =>
    [
      `[${name}]`,
      ...settings[name].map((line) => `${line.port}=${line.text.replaceAll(/\bSECR=\S+/gi, "SECR=***")}`),
      "",
    ].join("\n"),
  );
  return [...sections, ...lines].join("\n").trimEnd();
}

/** What is wrong with settings as a whole; empty when nothing is. */
export function checkSettings(settings: Settings): string[] {
  const taken = new Map([[settings.port, "the proxy itself"]]);
  const problems: string[] = [];
  for (const name of PORT_SECTIONS) {
    for (const { port } of settings[name]) {
      const by = taken.get(port);
      if (by !== undefined) problems.push(`[${name}] ${port}: that is the port ${by} listens on`);
      taken.set(port, `[${name}]`);
    }
  }
  const byOther = taken.get(settings.webPort);
  if (byOther !== undefined) problems.push(`[web] port: ${settings.webPort} is the port ${byOther} listens on`);
  return [...problems, ...checkDevice(settings).map((problem) => `[device] ${problem}`)];
}
