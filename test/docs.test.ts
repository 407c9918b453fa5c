import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { VIEWS } from "#src/core/monitor/views/views.js";
import { PROTOCOLS } from "#src/core/mux/protocols/protocols.js";
import { OPTIONS } from "#src/core/options/conn-option-rows.js";
import { COMMANDS } from "#src/core/setup/commands/commands.js";
import { refreshed } from "./support/document-blocks.js";
import { anchorsOf, blocksOf, type Page, proseOf, readPages } from "./support/documents.js";
import { missing } from "./support/peers.js";

const pages = readPages();
const blocks = pages.flatMap(blocksOf);

/** What a fenced block may be, and so which test looks at it (see CONTRIBUTING.md, "Documents"). */
const ROLES = [
  ...["console", "dialogue", "sh run", "sh start", "sh watch", "sh manual"],
  ...["ini", "json", "yaml", "xml", "lua", "ts", "diff", "mermaid", "text"],
];

test("the generated blocks of the documents are fresh", () => {
  for (const { name, text } of pages) assert.equal(text, refreshed(text), `${name} is stale: npm run docs`);
});

test("the pictures of the page are of this version", () => {
  const [wanted] = /^\d+\.\d+\./.exec(JSON.parse(readFileSync("package.json", "utf8")).version) ?? [];
  for (const name of readdirSync("docs/images")) {
    const [, version = "an unknown version"] =
      /tEXtSoftware\0sockproxyd ([\d.]+)/.exec(readFileSync(`docs/images/${name}`, "latin1")) ?? [];
    assert.ok(version.startsWith(String(wanted)), `${name} is of ${version}: npm run screenshots`);
  }
});

test("every fenced block says what it is", () => {
  for (const { at, info } of blocks) assert.ok(ROLES.includes(info), `${at}: "${info}" is none of ${ROLES.join(", ")}`);
});

test("every link of the documents leads somewhere, to the section that it names", () => {
  const anchors = new Map(pages.map((page) => [page.name, anchorsOf(page)]));
  const dead: string[] = [];
  for (const page of pages) {
    for (const [, target = ""] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page.name : normalize(join(dirname(page.name), path));
      if (!existsSync(file)) dead.push(`${page.name}: ${target}: there is no ${file}`);
      else if (anchor !== undefined && !anchors.get(file)?.has(anchor))
        dead.push(`${page.name}: ${target}: no such section`);
    }
  }
  assert.deepEqual(dead, []);
});

test("every file that a document names is there", () => {
  const rooms = /(?<![\w./#-])(?:src|test|dist\/test|scripts|bench|demo|plugin-examples|web|docs)\/[\w./-]*[\w/]/g;
  const missing: string[] = [];
  for (const page of pages.filter(isAboutNow)) {
    for (const [path] of page.text.matchAll(rooms)) if (!existsSync(path)) missing.push(`${page.name}: ${path}`);
  }
  assert.deepEqual(missing, []);
});

/** A CHANGELOG tells of files that may be gone. */
function isAboutNow({ name }: Page): boolean {
  return name !== "CHANGELOG.md";
}

test("a name in brackets behind a file is in that file", () => {
  const absent: string[] = [];
  for (const page of pages) {
    for (const [, file = "", name = ""] of proseOf(page).matchAll(/`(src\/[\w./-]+\.ts)`[^`|.]*\(`(#?\w+)`\)/g)) {
      if (!readFileSync(file, "utf8").includes(name)) absent.push(`${page.name}: ${file}: ${name}`);
    }
  }
  assert.deepEqual(absent, []);
});

test("every page of docs/ can be reached from the README", () => {
  const byName = new Map(pages.map((page) => [page.name, page]));
  const reached = new Set<string>();
  const visit = (name: string): void => {
    const page = byName.get(name);
    if (page === undefined || reached.has(name)) return;
    reached.add(name);
    for (const [, target = ""] of proseOf(page).matchAll(/\]\(([^)#\s]+)/g))
      visit(normalize(join(dirname(name), target)));
  };
  visit("README.md");
  assert.deepEqual(
    pages.map(({ name }) => name).filter((name) => !reached.has(name)),
    [],
  );
});

test("the README has two screens", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.ok(readme.split("\n").length <= 110, "it is longer: what is more belongs to docs/");
});

test("JSON in the documents is JSON", () => {
  for (const { at, text } of blocks.filter(({ info }) => info === "json")) {
    assert.doesNotThrow(() => JSON.parse(text), at);
  }
});

test("YAML in the documents is YAML", () => {
  for (const { at, text } of blocks.filter(({ info }) => info === "yaml")) {
    assert.doesNotThrow(() => parse(text), at);
  }
});

test("the architecture names every room", () => {
  const architecture = readFileSync("docs/architecture.md", "utf8");
  const rooms = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of rooms) assert.match(architecture, new RegExp(`^\\| \\d+ \\|.*\`${name}\``, "m"), name);
});

test("diagrams have a kind that Mermaid knows, and as many closing brackets as opening ones", () => {
  for (const { at, text } of blocks.filter(({ info }) => info === "mermaid")) {
    assert.match(text, /^(flowchart (LR|TB)|stateDiagram-v2|sequenceDiagram)\n/, at);
    const unquoted = text.replace(/"[^"\n]*"/g, "");
    assert.ok(!unquoted.includes('"'), `${at}: a quote is not closed`);
    for (const [open, close] of ["[]", "()", "{}"]) {
      const count = (sign = ""): number => unquoted.split(sign).length;
      assert.equal(count(open), count(close), `${at}: ${open}${close}`);
    }
  }
});

test("the recipes fit the source", { skip: missing("git") }, () => {
  for (const { at, text } of blocks.filter(({ info }) => info === "diff")) {
    const { status, stderr } = spawnSync("git", ["apply", "--check", "-"], { input: `${text}\n`, encoding: "utf8" });
    assert.equal(status, 0, `${at}: the source has changed around it, so the recipe needs its new lines: ${stderr}`);
  }
});

test("Lua in the documents compiles", { skip: missing("lua5.1") }, () => {
  for (const { at, text } of blocks.filter(({ info }) => info === "lua")) {
    const { status, stderr } = spawnSync("lua5.1", ["-e", "assert(loadstring(io.read('*a')))"], { input: text });
    assert.equal(status, 0, `${at}: ${stderr}`);
  }
});

test("the documents name every protocol of [mux] and every view of the monitor", () => {
  const mux = readFileSync("docs/mux.md", "utf8");
  for (const { framing } of PROTOCOLS) assert.ok(mux.includes(`\n| \`${framing.name}\` `), framing.name);
  const monitor = readFileSync("docs/monitor.md", "utf8");
  for (const { name } of VIEWS) assert.ok(monitor.includes(`\n| \`${name}\` `), name);
});

test("the table of CAPA explains every word, and no other", () => {
  const [, table = ""] = readFileSync("docs/protocol.md", "utf8").split("| word | since | meaning |");
  const rows = (table.split("\n\n")[0] ?? "").split("\n").map((row) => row.split(" | ")[0] ?? "");
  const explained = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, word]) => word));
  const words = new Set(["UDP", "CONN", ...[...OPTIONS, ...COMMANDS].flatMap((row) => row.capabilities)]);
  assert.deepEqual(explained.toSorted(), [...words].toSorted());
});

test("the program says every line of the log that the documents explain", () => {
  const { stdout: source } = spawnSync("cat", ["-s", ...sources()], { encoding: "utf8", maxBuffer: 64e6 });
  const [, table = ""] = readFileSync("docs/troubleshooting.md", "utf8").split("| line | meaning |");
  for (const [, line = ""] of table.matchAll(/^\| (`.*`) \|/gm)) {
    for (const [, quoted = ""] of line.matchAll(/`([^`]*)`/g)) {
      for (const piece of quoted
        .replace(/^(?:client )?(?:closed|dropped): /, "")
        .split(/…|by client|by remote|reset by remote|rejected/)) {
        const words = piece.replace(/^[\s;:(),]+|[\s;:(),]+$/g, "");
        assert.ok(source.includes(words), `no line of the log has "${words}"`);
      }
    }
  }
});

function sources(): string[] {
  return spawnSync("find", ["src", "-name", "*.ts"], { encoding: "utf8" }).stdout.trim().split("\n");
}

test("the CHANGELOG tells of the version that package.json names, with the form of Keep a Changelog", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const changelog = readFileSync("CHANGELOG.md", "utf8");
  assert.match(changelog, new RegExp(`\\n## \\[${version.replaceAll(".", "\\.")}\\] - \\d{4}-\\d{2}-\\d{2}\\n`));
  const kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
  for (const [, kind = ""] of changelog.matchAll(/^### (.*)$/gm)) assert.ok(kinds.includes(kind), kind);
});
