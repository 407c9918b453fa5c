// Writes the generated blocks of the documents from the compiled tables: `npm run docs`. With --check it only names stale files.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { MUX_USAGE } from "../dist/cli/mux-arguments.js";
import { REVERSE_PROXY_USAGE } from "../dist/cli/reverse-proxy-arguments.js";
import { USAGE } from "../dist/cli/serve-arguments.js";
import { TUNNEL_USAGE } from "../dist/cli/tunnel-arguments.js";
import { WATCH_USAGE } from "../dist/cli/watch-arguments.js";
import { KEYS } from "../dist/core/config/keys.js";
import { DIRECT_OPTIONS } from "../dist/core/direct/direct-options.js";
import { MUX_OPTIONS } from "../dist/core/mux/mux-options.js";
import { LINE_OPTIONS, OPTIONS } from "../dist/core/options/conn-options.js";
import { helpLines } from "../dist/core/options/option-table.js";
import { runCommand } from "../dist/core/setup/command.js";
import { VERBS } from "../dist/core/setup/verbs/verbs.js";
import { TUNNEL_OPTIONS } from "../dist/core/tunnel/tunnel-options.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OPTION_WIDTH = 26;

/** The option tables, each with the page that explains it. */
const OPTION_TABLES = [
  { rows: OPTIONS, where: "CONN and every port line", page: "protocol.md#options-of-conn" },
  { rows: LINE_OPTIONS, where: "every port line", page: "monitor.md#a-file-for-each-port" },
  { rows: DIRECT_OPTIONS, where: "`[direct]`", page: "direct.md#options" },
  { rows: MUX_OPTIONS, where: "`[mux]`", page: "mux.md#options" },
  { rows: TUNNEL_OPTIONS, where: "`[tunnel]`", page: "tunnel.md#options" },
];

/** @param {string} text @returns {string} a fenced block, verbatim */
const verbatim = (text) => ["```text", text, "```"].join("\n");

/** @param {string} text @returns {string} fit for a cell of a table */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "&lt;");

/** @param {string[]} heads @param {string[][]} rows @returns {string} a table */
const table = (heads, rows) =>
  [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** @param {readonly object[]} rows @returns {string} options as HELP shows them */
const options = (rows) => verbatim(helpLines(rows, 2, OPTION_WIDTH).join("\n"));

/** @returns {string} what the daemon answers to HELP */
function help() {
  const { outcome } = runCommand("HELP", { verbs: VERBS });
  return verbatim(outcome.text);
}

/** @param {string} section @returns {string} the keys of a section, each with its default */
function keys(section) {
  const rows = KEYS.filter((row) => row.section === section);
  return table(
    ["key", "default", "meaning"],
    rows.map(({ key, defaultText, help }) => [
      `\`${key}\``,
      defaultText === "" ? "" : `\`${defaultText}\``,
      cell(help),
    ]),
  );
}

/** @returns {string} every key and every option, in alphabetical order */
function index() {
  const ofKeys = KEYS.map(({ section, key, help }) => ({
    name: key,
    row: [`\`${key}\``, `[\`[${section}]\`](#${section})`, cell(help)],
  }));
  const ofOptions = OPTION_TABLES.flatMap(({ rows, where, page }) =>
    rows.map(({ key, help }) => ({
      name: key,
      row: [`\`${key}\``, `[${where}](${page})`, cell(help.join(" "))],
    })),
  );
  const sorted = [...ofKeys, ...ofOptions].sort((a, b) =>
    a.name.toLowerCase().localeCompare(b.name.toLowerCase(), "en"),
  );
  return table(
    ["name", "where", "meaning"],
    sorted.map(({ row }) => row),
  );
}

/** What can stand between `<!-- generated: NAME -->` and `<!-- /generated -->`. */
const BLOCKS = {
  help,
  index,
  "usage sockproxyd": () => verbatim(USAGE),
  "usage mux": () => verbatim(MUX_USAGE),
  "usage tunnel": () => verbatim(TUNNEL_USAGE),
  "usage watch": () => verbatim(WATCH_USAGE),
  "usage reverse-proxy": () => verbatim(REVERSE_PROXY_USAGE),
  "options conn": () => options(OPTIONS),
  "options line": () => options(LINE_OPTIONS),
  "options direct": () => options(DIRECT_OPTIONS),
  "options mux": () => options(MUX_OPTIONS),
  "options tunnel": () => options(TUNNEL_OPTIONS),
  ...Object.fromEntries(
    [...new Set(KEYS.map(({ section }) => section))].map((name) => [`keys ${name}`, () => keys(name)]),
  ),
};

const MARKED = /(<!-- generated: (.+?) -->\n)[\s\S]*?(<!-- \/generated -->)/g;

/** @param {string} text @param {string} file @returns {string} the text with its generated blocks as they should be */
function refresh(text, file) {
  return text.replace(MARKED, (_all, begin, name, end) => {
    const block = BLOCKS[name];
    if (block === undefined)
      throw new Error(`${file}: no block is called "${name}"; there are ${Object.keys(BLOCKS).join(", ")}`);
    return `${begin}${block()}\n${end}`;
  });
}

const pages = readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const files = [`${root}/README.md`, `${root}/CONTRIBUTING.md`, ...pages.map((name) => `${root}/docs/${name}`)];
const stale = files.filter((file) => {
  const before = readFileSync(file, "utf8");
  const after = refresh(before, file);
  if (after === before) return false;
  if (!process.argv.includes("--check")) writeFileSync(file, after);
  return true;
});
for (const file of stale)
  console.log(`${relative(root, file)}: ${process.argv.includes("--check") ? "stale; npm run docs" : "written"}`);
if (process.argv.includes("--check") && stale.length > 0) process.exit(1);
