// Makes a fresh clone ready to run: installs the packages of the lock file and compiles. With --tests it compiles the tests, too, removes
// the compiled tests whose source is gone, bundles the program for them, and gathers the unit tests of each room in one file. A second run does only
// what has changed. Several at once wait for each other.
import "./check-node.mjs";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { root } from "./checkout.mjs";

const INSTALLED = `${root}/node_modules/.package-lock.json`; // npm writes it last
const COMPILER = `${root}/node_modules/typescript/package.json`; // missing where NODE_ENV=production or --omit=dev was in the way

const LOOK_EVERY_MS = 200;

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
    const lines = ["support/open-sockets.js", ...tests.map((name) => `${room}/${name}`)];
    writeFileSync(`${compiled}/by-room/${room}.test.js`, lines.map((name) => `import "../${name}";\n`).join(""));
  }
}

function isInstalled() {
  const [made, wanted] = [INSTALLED, `${root}/package-lock.json`].map((file) =>
    statSync(file, { throwIfNoEntry: false }),
  );
  return made !== undefined && made.mtimeMs >= wanted.mtimeMs && existsSync(COMPILER);
}

/**
 * Waits until no other set-up is at work in this clone: two `npm ci` at once would break each other. The lock is an abstract Unix socket (unix(7)),
 * which goes with its process, however that ends.
 */
function lock(waits = false) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (error) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      if (!waits) console.error("sockproxyd: waits for another set-up of this clone");
      setTimeout(() => resolve(lock(true)), LOOK_EVERY_MS);
    });
    server.listen(`\0sockproxyd-setup-${createHash("sha256").update(root).digest("hex")}`, () => resolve(server));
  });
}

async function setUp() {
  const held = await lock();
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
  held.close();
}

setUp();
