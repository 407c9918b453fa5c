// Makes a fresh clone ready to run: installs the packages of the lock file and compiles. With --tests it compiles the tests, too, removes
// the compiled tests whose source is gone, bundles the program for them, and gathers the unit tests of each room in one file. A second run does only
// what has changed.
import "./check-node.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { root } from "./checkout.mjs";

const INSTALLED = `${root}/node_modules/.package-lock.json`; // npm writes it last
const COMPILER = `${root}/node_modules/typescript/package.json`; // missing where NODE_ENV=production or --omit=dev was in the way

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Removes the compiled files without a source: the compiler leaves them, and the test runner would run them. */
function removeLeftovers(compiled, source) {
  for (const name of readdirSync(compiled, { recursive: true, encoding: "utf8" })) {
    const stem = /^(.*)\.(?:js|js\.map|d\.ts)$/.exec(name)?.[1];
    if (stem !== undefined && !existsSync(`${source}/${stem}.ts`)) rmSync(`${compiled}/${name}`);
  }
}

/**
 * Writes one test file for each room: a process for every unit test costs three times the CPU time of the tests themselves. Node runs files in
 * the order of their names, so the name of the folder has these long ones begin early.
 */
function gatherRooms(compiled) {
  mkdirSync(`${compiled}/by-room`, { recursive: true });
  const folders = readdirSync(compiled, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: room } of folders.filter(({ name }) => !["by-room", "e2e", "long", "support"].includes(name))) {
    const files = readdirSync(`${compiled}/${room}`, { recursive: true, encoding: "utf8" });
    const tests = files.filter((name) => name.endsWith(".test.js")).sort();
    const lines = tests.map((name) => `await import("../${room}/${name}");\n`);
    writeFileSync(`${compiled}/by-room/${room}.test.js`, lines.join(""));
  }
}

function isInstalled() {
  const [made, wanted] = [INSTALLED, `${root}/package-lock.json`].map((file) =>
    statSync(file, { throwIfNoEntry: false }),
  );
  return made !== undefined && made.mtimeMs >= wanted.mtimeMs && existsSync(COMPILER);
}

if (!isInstalled()) {
  console.error("sockproxyd: installs the packages that compile it, by npm ci"); // which is silent, without a network for minutes
  run("npm", "ci", "--include=dev", "--no-audit", "--no-fund");
}
run("npm", "run", "--silent", "build");
if (process.argv.includes("--tests")) {
  run("npm", "run", "--silent", "build:tests");
  removeLeftovers(`${root}/dist/test`, `${root}/test`);
  gatherRooms(`${root}/dist/test`);
}
