import { DIRECT_FORMAT } from "../direct/direct-line.js";
import { MUX_FORMAT } from "../mux/mux-line.js";
import type { LineFormat } from "../options/line-format.js";
import { printOptions } from "../options/option-table.js";
import { TUNNEL_FORMAT } from "../tunnel/tunnel-line.js";
import { printValue } from "./ini-line.js";
import { KEYS, SECTIONS } from "./keys.js";
import { formatListen, listensOf } from "./listen.js";
import type { PortLine, PortSection, Section, Settings, Values } from "./settings.js";
import { printIdentity } from "./tls-identities.js";
import { printWebhook } from "./webhook-section.js";

/**
 * Prints settings as a configuration file that leads to them, with long names, times with units, and secrets masked. Options that have
 * their default are left out.
 */
export function printSettings(settings: Settings): string {
  return [
    ...SECTIONS.map((section) => block(`[${section}]`, printKeys(section, settings))),
    ...settings.namedDevices.map((device) =>
      block(`[device ${device.name}]`, printKeys("device", { ...settings, ...device })),
    ),
    ...settings.tlsIdentities.map((identity) => block(`[tls ${identity.name}]`, printIdentity(identity))),
    ...settings.webhooks.map((webhook) => block(`[webhook ${webhook.name}]`, printWebhook(webhook))),
    ...printLines("direct", settings.direct, DIRECT_FORMAT),
    ...printLines("mux", settings.mux, MUX_FORMAT),
    ...printLines("tunnel", settings.tunnel, TUNNEL_FORMAT),
  ]
    .join("\n")
    .trimEnd();
}

function block(head: string, lines: readonly string[]): string {
  return [head, ...lines, ""].join("\n");
}

function printKeys(section: Section, values: Values): string[] {
  const rows = KEYS.filter((row) => row.section === section);
  return rows.map(
    ({ key, sets, print }) => `${key}=${printValue((print as (value: unknown) => string)(values[sets]))}`,
  );
}

/** Prints lines in their order: a section for each line with a name, one line for each of the others. */
function printLines<T, R>(section: PortSection, lines: readonly PortLine<R>[], format: LineFormat<T, R>): string[] {
  const blocks: string[] = [];
  let unnamed: string[] = [];
  const flush = (): void => {
    if (unnamed.length > 0) blocks.push(block(`[${section}]`, unnamed));
    unnamed = [];
  };
  for (const line of lines) {
    if (line.name === undefined) {
      unnamed.push(printLine(line, format));
      continue;
    }
    flush();
    blocks.push(block(`[${section} ${line.name}]`, printSection(line, format)));
  }
  flush();
  return blocks;
}

function printLine<T, R>(line: PortLine<R>, format: LineFormat<T, R>): string {
  const places = format.placesOf(line.route);
  const first =
    format.placeKey === "target" ? [places.join(",")] : ["EXPOSE", ...places.map((place) => place.replaceAll(" ", ""))];
  return `${formatListen(line)}=${[...first, ...printOptions(format.rows, format.optionsOf(line.route))].join(" ")}`;
}

function printSection<T, R>(line: PortLine<R>, format: LineFormat<T, R>): string[] {
  const places = format.placesOf(line.route);
  return [
    `listen=${listensOf(line).map(formatListen).join(", ")}`,
    ...(format.placeKey === "target" ? [`target=${places.join(", ")}`] : places.map((place) => `expose=${place}`)),
    ...printOptions(format.rows, format.optionsOf(line.route), printValue),
  ];
}
