import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const MANIFEST = JSON.parse(readFileSync("package.json", "utf8"));
const BUNDLE = readFileSync("build/sockproxyd.cjs", "latin1");
const CHECK = readFileSync("dist/launch/node-check.js", "utf8").replace("export {};", "");

/** Runs the check on a Node.js of this version; returns its exit status and what it says. */
function check(node: string): { status: number | undefined; text: string } {
  const outcome = { status: undefined as number | undefined, text: "" };
  const exit = (status: number): void => {
    outcome.status = status;
  };
  const write = (text: string): void => {
    outcome.text += text;
  };
  runInNewContext(CHECK, { process: { versions: { node }, execPath: "/bin/node", stderr: { write }, exit } });
  return outcome;
}

const WANTED = MANIFEST.engines.node.replace(">=", "");

for (const node of ["0.12.18", "8.17.0", "14.21.3", "18.20.8", "20.9.0", "20.18.0", "20.18.0-nightly"]) {
  test(`Node.js ${node} is told what is needed, in one sentence`, () => {
    const text = `sockproxyd: Node.js ${WANTED} or later is needed; /bin/node is ${node}\n`;
    assert.deepEqual(check(node), { status: 2, text });
  });
}

for (const node of [WANTED, "20.19.0", "20.100.0", "22.0.0", "24.1.0", "100.0.0"]) {
  test(`Node.js ${node} runs the program`, () => {
    assert.deepEqual(check(node), { status: undefined, text: "" });
  });
}

test("the check stands in front of everything else in the one file, and nothing else is loaded before it in the package", () => {
  const [shebang, first = ""] = BUNDLE.split("\n", 2);
  assert.equal(shebang, "#!/usr/bin/env node");
  assert.match(first, /^\(\(\)=>\{.*or later is needed/);
  const imports = readFileSync("src/main.ts", "utf8").matchAll(/^import .*$/gm);
  assert.deepEqual(
    [...imports].map(([line]) => line),
    ['import "./launch/node-check.js";'],
  );
  assert.doesNotMatch(CHECK.replaceAll(/\/\*.*?\*\/|\/\/.*?$/gms, ""), /\bimport\b|\?\?|\?\./);
});

test("an old Node.js can read the one file: what it does not know stands in comments", () => {
  const code = BUNDLE.replaceAll(/\/\*.*?\*\//gs, "");
  assert.ok(code.length < 20_000, `${code.length} characters outside of comments`);
  assert.doesNotMatch(code, /\?\?|\?\.\D|[|&]{2}=|#\w+ in |\bstatic\b|\bawait\b/);
});

test("the one file has no character beyond Latin-1: that would double its memory", () => {
  const bytes = readFileSync("build/sockproxyd.cjs", "utf8");
  assert.equal(bytes.search(/[^\0-\xff]/), -1);
});

test("the one file ends with the licences of all packages in it", () => {
  const licences = BUNDLE.slice(BUNDLE.lastIndexOf("/*\nsockproxyd"));
  const names = new Set(
    [...BUNDLE.matchAll(/node_modules\/(@[^/"]+\/[^/"]+|[^@/"][^/"]*)\//g)].map(([, name]) => name),
  );
  assert.ok(names.has("winston"));
  for (const name of names) assert.match(licences, new RegExp(`\n${name} [\\d.]+ \\((MIT|ISC)\\)\n\n`), name);
  const packages = licences.split(/\n-{80}\n\n/);
  assert.ok(packages.length > 20, `${packages.length} packages`);
  for (const text of packages) {
    const [title, , ...lines] = text.split("\n");
    assert.match(lines.join(" "), /Permission (is hereby granted|to use)|MIT/i, title);
  }
});

test("the package has no dependencies: the one file holds them", () => {
  assert.equal(MANIFEST.dependencies, undefined);
});
