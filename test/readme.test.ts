import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MUX_USAGE } from "#src/cli/mux-arguments.js";
import { REVERSE_PROXY_USAGE } from "#src/cli/reverse-proxy-arguments.js";
import { USAGE } from "#src/cli/serve-arguments.js";
import { TUNNEL_USAGE } from "#src/cli/tunnel-arguments.js";
import { WATCH_USAGE } from "#src/cli/watch-arguments.js";
import { DIRECT_OPTIONS } from "#src/core/direct/direct-options.js";
import { VIEWS } from "#src/core/monitor/views/views.js";
import { MUX_OPTIONS } from "#src/core/mux/mux-options.js";
import { PROTOCOLS } from "#src/core/mux/protocols/protocols.js";
import { LINE_OPTIONS } from "#src/core/options/conn-options.js";
import { helpLines } from "#src/core/options/option-table.js";
import type { CommandContext } from "#src/core/setup/command.js";
import { COMMANDS } from "#src/core/setup/commands/commands.js";
import { runCommand } from "#src/core/setup/run-command.js";
import { TUNNEL_OPTIONS } from "#src/core/tunnel/tunnel-options.js";

const readme = readFileSync("README.md", "utf8");

test("the README shows HELP and --help as the program prints them", () => {
  const ran = runCommand("HELP", { commands: COMMANDS } as unknown as CommandContext);
  assert.ok(ran?.outcome.kind === "reply");
  assert.ok(readme.includes(`\n${ran.outcome.text}\n`));
  assert.ok(readme.includes(`\n${USAGE}\n`));
});

for (const [section, rows] of [
  ["direct", DIRECT_OPTIONS],
  ["mux", MUX_OPTIONS],
  ["tunnel", TUNNEL_OPTIONS],
] as const) {
  test(`the README and the example file show the options of [${section}]`, () => {
    const options = helpLines(rows, 2, 26);
    assert.ok(readme.includes(`\n${options.join("\n")}\n`));
    const example = readFileSync("sockproxyd.conf.example", "utf8");
    for (const line of options) assert.ok(example.includes(`\n;${line}\n`), line);
  });
}

test("the README shows mux --help", () => assert.ok(readme.includes(`\n${MUX_USAGE}\n`)));

for (const [command, usage] of [
  ["reverse-proxy", REVERSE_PROXY_USAGE],
  ["tunnel", TUNNEL_USAGE],
  ["watch", WATCH_USAGE],
]) {
  test(`the README shows ${command} --help`, () => assert.ok(readme.includes(`\n${usage}\n`)));
}

test("the README names every view of the monitor", () => {
  for (const { name } of VIEWS) assert.ok(readme.includes(`\n| \`${name}\` `), name);
});

test("the example file shows what only lines of the configuration take", () => {
  const example = readFileSync("sockproxyd.conf.example", "utf8");
  for (const line of helpLines(LINE_OPTIONS, 2, 26)) assert.ok(example.includes(`\n;${line}\n`), line);
});

test("the README names every protocol of [mux]", () => {
  for (const { framing } of PROTOCOLS) assert.ok(readme.includes(`\n| \`${framing.name}\` `), framing.name);
});

test("the CHANGELOG tells of the version that package.json names", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.ok(readFileSync("CHANGELOG.md", "utf8").includes(`\n## ${version}\n`));
});

test("every link of the README to one of its sections leads somewhere", () => {
  const sections = new Set(
    [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
  for (const [, name = ""] of readme.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(sections.has(name), name);
});
