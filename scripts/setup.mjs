// Makes a fresh clone ready to run: installs the packages of the lock file and compiles. With --tests it compiles the tests, too, and removes
// the compiled tests whose source is gone. A second run does only what has changed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALLED = `${root}/node_modules/.package-lock.json`; // npm writes it last

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

const installed = existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(`${root}/package-lock.json`).mtimeMs;
if (!installed) run("npm", "ci", "--no-audit", "--no-fund");
run("npm", "run", "--silent", "build");
if (process.argv.includes("--tests")) {
  run("npm", "run", "--silent", "build:tests");
  removeLeftovers(`${root}/dist/test`, `${root}/test`);
}
