// A release made from a fresh clone, its package of npm installed, and run by Node.js old and new.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { missing } from "../support/peers.js";

const ROOT = process.cwd();
/** What a clone does not hold, and what only slows the copy down. */
const NOT_CLONED = /^(node_modules|dist|build|coverage|\.git|test|bench)(\/|$)/;
const folder = mkdtempSync(join(tmpdir(), "sockproxyd-install-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const clone = join(folder, "clone");
const prefix = join(folder, "prefix");
const installed = join(prefix, "lib", "node_modules", "sockproxyd");
const skip = missing("npm", "dpkg-deb", "sha256sum", "tar");

/** The end of a program that takes a minute at most. */
function run(command: string, args: readonly string[], cwd = folder) {
  const env = { ...process.env, SOURCE_DATE_EPOCH: "1700000000", npm_config_update_notifier: "false" };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 100_000 });
  return { status, stdout, stderr: error === undefined ? stderr : `${error.message}\n${stderr}` };
}

test("a fresh clone makes all files of a release, and their checksums", { skip }, () => {
  cpSync(ROOT, clone, { recursive: true, filter: (path) => !NOT_CLONED.test(relative(ROOT, path)) });
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules")); // npm ci would fetch it
  const { status, stderr } = run("npm", ["run", "--silent", "release:artefacts"], clone);
  assert.equal(status, 0, stderr);
  const release = join(clone, "build", "release");
  const names = readdirSync(release).sort();
  const version = /^sockproxyd-(.*)\.tgz$/m.exec(names.join("\n"))?.[1];
  const apps = ["sockproxyd-home-assistant.tar.gz", "sockproxyd.openwrt"];
  const files = [
    `sockproxyd-${version}.tgz`,
    "sockproxyd.8.gz",
    "sockproxyd.cjs",
    `sockproxyd_${version}_all.deb`,
    ...apps,
  ].sort();
  assert.deepEqual(names, ["SHA256SUMS", ...files]);
  const sums = run("sha256sum", ["--check", "--strict", "SHA256SUMS"], release);
  assert.deepEqual(
    sums.stdout.trim().split("\n"),
    files.map((name) => `${name}: OK`),
  );
});

test("its package of npm holds the program and its papers, and nothing else", { skip }, () => {
  const [file = ""] = readdirSync(join(clone, "build", "release")).filter((name) => name.endsWith(".tgz"));
  const { stdout } = run("tar", ["-tzf", join(clone, "build", "release", file)]);
  const names = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace("package/", ""));
  const papers = /^(docs|plugin-examples|deploy|packaging|build\/(man|completions))\/|^[A-Z]+(\.md)?$/;
  assert.deepEqual(names.filter((name) => !papers.test(name)).sort(), [
    "build/sockproxyd.cjs",
    ...["compile-cache", "launch", "no-debugger", "node-check"].map((name) => `dist/launch/${name}.js`),
    "dist/main.js",
    "init-script.sh",
    "package.json",
    "sockproxyd.conf.example",
  ]);
});

test("a clone whose npm left out what compiles gets it", { skip }, () => {
  const bare = join(folder, "bare");
  for (const name of ["scripts", "src/launch", "package.json", "package-lock.json"])
    cpSync(join(ROOT, name), join(bare, name), { recursive: true });
  mkdirSync(join(bare, "node_modules"));
  writeFileSync(join(bare, "node_modules", ".package-lock.json"), "{}"); // npm ci --omit=dev has been here
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "npm"), '#!/bin/sh\necho "npm $*"\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  const { stdout } = spawnSync("node", ["scripts/setup.mjs"], { cwd: bare, env, encoding: "utf8" });
  assert.match(stdout, /^npm ci --include=dev .*\nnpm run --silent build\n$/);
});

test("npm installs it without a network, and it runs", { skip }, () => {
  const [file = ""] = readdirSync(join(clone, "build", "release")).filter((name) => name.endsWith(".tgz"));
  const options = ["--global", "--offline", "--no-audit", "--no-fund", "--prefix", prefix];
  const install = run("npm", ["install", ...options, join(clone, "build", "release", file)]);
  assert.equal(install.status, 0, install.stderr);
  rmSync(clone, { recursive: true }); // the program needs nothing of it
  const command = join(prefix, "bin", "sockproxyd");
  assert.match(run(command, ["--version"]).stdout, /^sockproxyd \d+\.\d+\.\d+\n$/);
  const check = run(command, ["--check", "-a", "127.0.0.1", "-p", "25040"]);
  assert.equal(check.status, 0, check.stderr);
  assert.match(check.stdout, /^port=25040$/m);
  assert.ok(existsSync(join(prefix, "share", "man", "man8", "sockproxyd.8")), "the man page");
});

test("Node 14 is told what is needed in one sentence, by the package, by the one file and by a clone", {
  skip,
}, (t) => {
  const name = `node-linux-${process.arch}`;
  const fetched = run("npm", ["install", "--no-audit", "--no-fund", "--prefix", join(folder, "old"), `${name}@14`]);
  if (fetched.status !== 0) return t.skip(`no old Node.js to be had: ${fetched.stderr}`);
  const node = join(folder, "old", "node_modules", name, "bin", "node");
  const scripts = ["setup", "prepare"].map((script) => join(ROOT, "scripts", `${script}.mjs`));
  for (const program of [join(installed, "dist/main.js"), join(installed, "build/sockproxyd.cjs"), ...scripts]) {
    const { status, stdout, stderr } = run(node, [program, "--version"]);
    assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
    assert.match(stderr, /^sockproxyd: Node\.js [\d.]+ or later is needed; \S+ is 14\.\d+\.\d+\n$/, program);
  }
  return undefined;
});

test("two set-ups of one clone at once do their work one after the other", { skip: missing("npm") }, async () => {
  const both = join(folder, "both");
  for (const name of ["scripts", "node_modules/typescript"]) mkdirSync(join(both, name), { recursive: true });
  for (const name of [
    "scripts/setup.mjs",
    "scripts/check-node.mjs",
    "scripts/checkout.mjs",
    "src/launch/node-check.ts",
  ]) {
    cpSync(join(ROOT, name), join(both, name));
  }
  const build = "echo begin >>order; sleep 0.5; echo end >>order";
  const manifest = { engines: { node: ">=20.18.1" }, scripts: { build }, type: "module" };
  for (const name of ["package.json", "package-lock.json"]) writeFileSync(join(both, name), JSON.stringify(manifest));
  for (const name of [".package-lock.json", "typescript/package.json"])
    writeFileSync(join(both, "node_modules", name), "{}");
  const runs = [1, 2].map(() =>
    spawn("node", ["scripts/setup.mjs"], { cwd: both, stdio: ["ignore", "inherit", "pipe"] }),
  );
  const said = await Promise.all(runs.map(({ stderr }) => text(stderr)));
  assert.equal(said.join(""), "sockproxyd: waits for another set-up of this clone\n");
  assert.equal(readFileSync(join(both, "order"), "utf8"), "begin\nend\n".repeat(2));
});
