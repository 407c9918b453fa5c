import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ALL_COMMANDS, SUBCOMMANDS } from "#src/cli/command-table.js";
import { type CommandRow, PROGRAM } from "#src/core/command-line/command-row.js";
import { helpText } from "#src/core/command-line/help-text.js";
import { REFERENCE, type ReferenceRow, type ReferenceTable } from "#src/core/config/reference.js";
import { MUX_FORMAT, parseMuxRoute } from "#src/core/mux/mux-line.js";
import { MUX_COUNTERS } from "#src/core/mux/mux-status.js";
import { REQUEST_PROTOCOLS } from "#src/core/mux/protocols/protocols.js";
import { printOptions } from "#src/core/options/option-table.js";
import type { CommandContext } from "#src/core/setup/command.js";
import { COMMANDS } from "#src/core/setup/commands/commands.js";
import { runCommand } from "#src/core/setup/run-command.js";
import { STORIES } from "../zoo/stories.js";

/** The pages that explain options, by the table of the reference. */
const PAGES: Readonly<Record<string, { readonly where: string; readonly page: string }>> = {
  conn: { where: "`CONN`, every port line", page: "protocol.md#options-of-conn" },
  line: { where: "every port line", page: "direct.md#options" },
  direct: { where: "`[direct]`", page: "direct.md#options" },
  mux: { where: "`[mux]`", page: "mux.md#options" },
  tunnel: { where: "`[tunnel]`", page: "tunnel.md#options" },
};

function verbatim(text: string): string {
  return ["```text", text, "```"].join("\n");
}

/** Escapes a text for a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "&lt;");
}

function code(text: string): string {
  return text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The reply to HELP. */
function help(): string {
  const ran = runCommand("HELP", { commands: COMMANDS } as unknown as CommandContext);
  if (ran?.outcome.kind !== "reply") throw new Error("HELP has no reply");
  return verbatim(ran.outcome.text);
}

const TIMES: Readonly<Record<string, string>> = { ms: "time (a bare number: ms)", s: "time (a bare number: seconds)" };

/** The allowed values of an option, in words. */
function shownValue({ unit, range }: ReferenceRow): string {
  return cell([TIMES[unit] ?? unit, range].filter(Boolean).join("; "));
}

function optionTable({ rows }: ReferenceTable): string {
  return table(
    ["option", "long name", "value", "default", "meaning"],
    rows.map((row) => [code(row.key), code(row.name), shownValue(row), code(row.defaultText), cell(row.help)]),
  );
}

function keyTable({ kind, rows }: ReferenceTable): string {
  return table(
    ["key", "value", ...(kind === "lines" ? [] : ["default"]), "meaning"],
    rows.map((row) => [
      code(row.key),
      shownValue(row),
      ...(kind === "lines" ? [] : [code(row.defaultText)]),
      cell(row.help),
    ]),
  );
}

/** Every key and the long name of every option, in alphabetical order. */
function index(): string {
  const entries = REFERENCE.flatMap(({ kind, section, rows }) =>
    rows.map((row) => {
      const { where, page } = PAGES[section] ?? { where: `\`[${section}]\``, page: `#${section}` };
      const named = kind === "lines" ? `\`[${section} NAME]\`` : where;
      const short = row.key === row.name ? "" : code(row.key);
      return { name: row.name, cells: [code(row.name), short, `[${named}](${page})`, cell(row.help)] };
    }),
  );
  entries.sort((one, other) => (one.name === other.name ? 0 : one.name < other.name ? -1 : 1));
  return table(
    ["name", "four letters", "where", "meaning"],
    entries.map(({ cells }) => cells),
  );
}

/** The block of a table of the reference: `keys host`, `lines mux`, `options conn`. */
function referenceBlock(part: ReferenceTable): [string, () => string] {
  return [`${part.kind} ${part.section}`, () => (part.kind === "options" ? optionTable(part) : keyTable(part))];
}

/** What a mux counts. */
function muxCounters(): string {
  return table(
    ["key", "counts"],
    Object.entries(MUX_COUNTERS).map(([key, meaning]) => [code(key), cell(meaning)]),
  );
}

/** So many protocols of requests are "any" one: all but solarman, which few devices speak. */
const ANY_PROTOCOL = REQUEST_PROTOCOLS.length - 1;

/** The devices of the zoo (test/zoo): one line for those that differ in their protocol only. */
function zoo(): string {
  const protocols = new Map<string, string[]>();
  for (const { device, behaviour, clients, options, pending } of STORIES) {
    if (pending !== undefined) continue;
    const [protocol, others] = zooOptions(options);
    const line = JSON.stringify([
      [cell(device), cell(behaviour)],
      [others, cell(clients)],
    ]);
    protocols.set(line, [...(protocols.get(line) ?? []), code(protocol)]);
  }
  const rows = [...protocols].map(([line, names]) => {
    const [before, behind] = JSON.parse(line) as [string[], string[]];
    return [...before, names.length >= ANY_PROTOCOL ? "any" : names.join(", "), ...behind];
  });
  return table(["device", "what it does", "protocol", "options", "what clients see"], rows);
}

/** The protocol of a story, and its other options as a section has them; `timeout` makes a test short, and the device does not need it. */
function zooOptions(words: string): [protocol: string, others: string] {
  const route = parseMuxRoute(`device:1 ${words}`);
  if (!route.ok) throw new Error(`${words}: ${route.message}`);
  const options = printOptions(MUX_FORMAT.rows, MUX_FORMAT.optionsOf(route.value), (value) => value);
  const others = options.filter((option) => !/^(protocol|timeout)=/.test(option));
  return [route.value.mux.protocol.framing.name, others.map(code).join(" ")];
}

/** An import from one room of `src/` in another. */
export interface RoomImport {
  /** The file that imports, below `src/`. */
  readonly file: string;
  readonly room: string;
  readonly other: string;
}

/** Every import from one room in another. */
export function roomImports(): RoomImport[] {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.includes("/") && file.endsWith(".ts"))
    .flatMap((file) => {
      const [room = ""] = file.split("/");
      const imports = [...readFileSync(`src/${file}`, "utf8").matchAll(/ from "(\.[^"]+)"/g)];
      const targets = imports.map(([, path = ""]) => normalize(join(dirname(file), path)));
      const others = targets.filter((target) => target.includes("/")).map((target) => target.split("/", 1)[0] ?? "");
      return others.filter((other) => other !== room).map((other) => ({ file, room, other }));
    });
}

/** The rooms of `src/` and their imports, without arrows that other arrows imply. */
function rooms(): string {
  const arrows = new Map<string, Set<string>>();
  for (const { room, other } of roomImports()) arrows.set(room, (arrows.get(room) ?? new Set()).add(other));
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(arrows.get(from) ?? [])].some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, to, seen);
    });
  const needed = [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to, new Set([from]))))
      .map((to) => `  ${from} --> ${to}`),
  );
  return ["```mermaid", "flowchart TB", ...needed.sort(), "```"].join("\n");
}

/** The blocks between `<!-- generated: NAME -->` and `<!-- /generated -->` in documents, made from the tables of the program. */
export const BLOCKS: Readonly<Record<string, () => string>> = {
  help,
  index,
  rooms,
  "counters mux": muxCounters,
  zoo,
  ...Object.fromEntries(ALL_COMMANDS.map(usageBlock)),
  ...Object.fromEntries(REFERENCE.map(referenceBlock)),
};

/** The `--help` of a command: `usage mux`, `usage sockproxyd`. */
function usageBlock(row: CommandRow): [string, () => string] {
  const isProgram = row.name === "";
  return [`usage ${isProgram ? PROGRAM : row.name}`, () => verbatim(helpText(row, isProgram ? SUBCOMMANDS : []))];
}

const MARKED = /(<!-- generated: (.+?) -->\n)[\s\S]*?(<!-- \/generated -->)/g;

/**
 * The document with up-to-date generated blocks.
 *
 * @throws when the document names an unknown block
 */
export function refreshed(text: string): string {
  return text.replace(MARKED, (_all, begin: string, name: string, end: string) => {
    const block = BLOCKS[name];
    if (block === undefined)
      throw new Error(`no block is called "${name}"; there are ${Object.keys(BLOCKS).join(", ")}`);
    return `${begin}${block()}\n${end}`;
  });
}
