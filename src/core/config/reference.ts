import { DIRECT_OPTIONS } from "../direct/direct-options.js";
import { MUX_OPTIONS } from "../mux/mux-option-rows.js";
import { LINE_OPTIONS, OPTIONS } from "../options/conn-option-rows.js";
import type { OptionText } from "../options/option-table.js";
import { TUNNEL_OPTIONS } from "../tunnel/tunnel-options.js";
import { KEYS } from "./keys.js";
import { LINE_KEYS } from "./line-keys.js";
import type { PortSection, Section } from "./settings.js";
import { IDENTITY_KEYS } from "./tls-identities.js";
import { WEBHOOK_KEYS } from "./webhook-section.js";

/** One key or option, as documents list it. */
export interface ReferenceRow {
  /** The key as the configuration has it; of an option the four letters, which the wire takes, too. */
  readonly key: string;
  /** The long name of an option; of a key, which has but one name, the same as {@link key}. */
  readonly name: string;
  /** The unit of a bare number, `ms` or `s` where it is a time; otherwise what the value is. */
  readonly unit: string;
  /** The values that are taken, in words; may be empty. */
  readonly range: string;
  /** The default as the configuration would have it; empty: none. */
  readonly defaultText: string;
  /** One or two sentences. */
  readonly help: string;
}

/** A list of keys or options that belong together. */
export interface ReferenceTable {
  /** `keys` stand in a section, a line each; `lines` are the keys of a named section; `options` stand on lines and in named sections. */
  readonly kind: "keys" | "lines" | "options";
  /** The section that takes them; `conn`: the options of CONN, which all lines take; `line`: what all lines take, but CONN does not. */
  readonly section: Section | PortSection | "tls" | "webhook" | "conn" | "line";
  readonly rows: readonly ReferenceRow[];
}

/** Everything that can be configured, in the order of the example file. docs/configuration.md is generated from it. */
export const REFERENCE: readonly ReferenceTable[] = [
  ...(["host", "access", "alert", "mqtt", "web", "device"] as const).map(keyTable),
  { kind: "lines", section: "tls", rows: IDENTITY_KEYS.map(lineRow) },
  { kind: "lines", section: "webhook", rows: WEBHOOK_KEYS.map(lineRow) },
  ...lineTables("direct", DIRECT_OPTIONS),
  ...lineTables("mux", MUX_OPTIONS),
  ...lineTables("tunnel", TUNNEL_OPTIONS),
  optionTable("line", LINE_OPTIONS),
  optionTable("conn", OPTIONS),
];

function keyTable(section: Section): ReferenceTable {
  const rows = KEYS.filter((row) => row.section === section);
  return {
    kind: "keys",
    section,
    rows: rows.map(({ key, unit, range, defaultText, help }) => ({ key, name: key, unit, range, defaultText, help })),
  };
}

function lineTables(section: PortSection, options: readonly OptionText[]): ReferenceTable[] {
  const own = LINE_KEYS.filter(({ sections }) => sections.includes(section));
  return [{ kind: "lines", section, rows: own.map(lineRow) }, optionTable(section, options)];
}

/** A key of a named section. */
function lineRow({
  defaultText = "",
  ...row
}: Pick<ReferenceRow, "key" | "unit" | "range" | "help"> & Partial<ReferenceRow>): ReferenceRow {
  const { key, unit, range, help } = row;
  return { key, name: key, unit, range, defaultText, help };
}

function optionTable(section: ReferenceTable["section"], options: readonly OptionText[]): ReferenceTable {
  const rows = options.map(({ key, name, unit, range, defaultText, help, description }) => ({
    key,
    name,
    unit,
    range,
    defaultText,
    help: description ?? help.join(" "),
  }));
  return { kind: "options", section, rows };
}
