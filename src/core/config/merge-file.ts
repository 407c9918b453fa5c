import type { FileSettings } from "./file.js";
import { lineTitle, PORT_SECTIONS } from "./keys.js";
import { formatPort, listensOf } from "./listen.js";
import type { PortLine, PortSection, Settings } from "./settings.js";

/**
 * Adds a configuration file to the settings so far. A value of the file overrides an earlier one; lines and named sections are added.
 *
 * @returns the settings, and the problems of lines that an earlier file has already, because a line overrides no other line
 */
export function mergeFile(before: Settings, file: FileSettings): { settings: Settings; problems: string[] } {
  const { values, direct, mux, tunnel, namedDevices, tlsIdentities, webhooks } = file;
  return {
    settings: {
      ...before,
      ...values,
      direct: [...before.direct, ...direct],
      mux: [...before.mux, ...mux],
      tunnel: [...before.tunnel, ...tunnel],
      namedDevices: [...before.namedDevices, ...namedDevices],
      tlsIdentities: [...before.tlsIdentities, ...tlsIdentities],
      webhooks: [...before.webhooks, ...webhooks],
    },
    problems: [
      ...PORT_SECTIONS.flatMap((section) => repeatedLines(section, before[section], file[section])),
      ...repeatedNames("device", before.namedDevices, namedDevices),
      ...repeatedNames("tls", before.tlsIdentities, tlsIdentities),
      ...repeatedNames("webhook", before.webhooks, webhooks),
    ],
  };
}

/** A section of this kind with a name. */
interface Named {
  readonly name: string;
}

function repeatedNames(kind: string, before: readonly Named[], sections: readonly Named[]): string[] {
  const names = before.map(({ name }) => name);
  return sections
    .filter(({ name }) => names.includes(name))
    .map(({ name }) => `[${kind} ${name}]: stands in an earlier file, too`);
}

function repeatedLines(
  section: PortSection,
  before: readonly PortLine<unknown>[],
  lines: readonly PortLine<unknown>[],
): string[] {
  const ports = new Set(before.flatMap(listensOf).map(formatPort));
  const names = new Set(before.map(({ name }) => name));
  return lines.flatMap((line) => {
    const title = lineTitle(section, line);
    const taken = listensOf(line)
      .map(formatPort)
      .filter((port) => ports.has(port));
    return [
      ...(line.name !== undefined && names.has(line.name) ? [`${title}: stands in an earlier file, too`] : []),
      ...taken.map((port) => `${title}: port ${port} was given in an earlier file`),
    ];
  });
}
