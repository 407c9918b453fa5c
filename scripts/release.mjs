// Writes build/release: all files of a release and their checksums, and build/release-notes.md from the CHANGELOG. `npm run release:artefacts`, or with
// `-- --tag v1.9.0`, which fails unless that is the version of package.json and has a date in the CHANGELOG. Two runs on one commit write the
// same bytes.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { argv, env, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = `${root}/build/release`;
const { version } = JSON.parse(text("package.json"));
const { tag } = parseArgs({ args: argv.slice(2), options: { tag: { type: "string" } } }).values;

const heading = new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\] - (.*)\\n([^]*?)(?=^## |$(?![^]))`, "m");
const [, date, notes] = heading.exec(text("CHANGELOG.md")) ?? [];
if (tag !== undefined) {
  if (tag !== `v${version}`) fail(`the tag is ${tag}, and package.json has ${version}`);
  if (!/^\d{4}-\d\d-\d\d$/.test(date ?? "")) fail(`CHANGELOG.md has no heading "## [${version}] - YYYY-MM-DD"`);
}

env.SOURCE_DATE_EPOCH ||= run("git", "log", "-1", "--format=%ct").trim(); // for the date of the man page
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
run("npm", "pack", "--pack-destination", folder); // builds, too
run("npm", "run", "--silent", "deb", "--", "--built", "--to", folder);
copyFileSync(`${root}/build/sockproxyd.cjs`, `${folder}/sockproxyd.cjs`);
copyFileSync(`${root}/packaging/openwrt/sockproxyd.init`, `${folder}/sockproxyd.openwrt`);
run("npm", "run", "--silent", "home-assistant", "--", "--built");
const modes = [
  "--sort=name",
  `--mtime=@${env.SOURCE_DATE_EPOCH}`,
  "--owner=0",
  "--group=0",
  "--numeric-owner",
  "--mode=go=rX,u+w",
];
run("tar", ...modes, "-C", `${root}/build/home-assistant`, "-cf", `${folder}/app.tar`, "sockproxyd");
writeFileSync(`${folder}/sockproxyd-home-assistant.tar.gz`, gzipSync(readFileSync(`${folder}/app.tar`)));
rmSync(`${folder}/app.tar`);
writeFileSync(`${folder}/sockproxyd.8.gz`, gzipSync(text("build/man/sockproxyd.8")));

const says = run(execPath, `${folder}/sockproxyd.cjs`, "--version").trim();
if (says !== `sockproxyd ${version}`) fail(`sockproxyd.cjs says "${says}"`);

const sums = readdirSync(folder)
  .sort()
  .map((name) => `${sha256(`${folder}/${name}`)}  ${name}\n`);
writeFileSync(`${folder}/SHA256SUMS`, sums.join(""));
writeFileSync(`${root}/build/release-notes.md`, `${(notes ?? "").trim()}\n`);
console.log(`build/release:\n${sums.join("")}`.trimEnd());

function text(name) {
  return readFileSync(`${root}/${name}`, "utf8");
}

function run(command, ...args) {
  return execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function fail(problem) {
  console.error(`release: ${problem}`);
  exit(1);
}
