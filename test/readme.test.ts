import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { USAGE } from "#src/core/config/arguments.js";
import { runCommand } from "#src/core/setup/command.js";
import type { VerbContext } from "#src/core/setup/verb.js";
import { VERBS } from "#src/core/setup/verbs/index.js";

const readme = readFileSync("README.md", "utf8");

test("the README shows HELP and --help as the program prints them", () => {
  const ran = runCommand("HELP", { verbs: VERBS } as unknown as VerbContext);
  assert.ok(ran?.outcome.kind === "reply");
  assert.ok(readme.includes(`\n${ran.outcome.text}\n`));
  assert.ok(readme.includes(`\n${USAGE}\n`));
});

test("the CHANGELOG tells of the version that package.json names", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.ok(readFileSync("CHANGELOG.md", "utf8").includes(`\n## ${version}\n`));
});
