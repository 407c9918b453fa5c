// Writes build/release: all files of a release and their checksums, and build/release-notes.md from the CHANGELOG. `npm run release:artefacts`, or with
// `-- --tag v1.9.0`, which fails unless that is the version of package.json and has a date in the CHANGELOG. Two runs on one commit write the
// same bytes.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { argv, env, execPath, exit } from "node:process";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { manifest, root, run, sourceEpoch, text } from "./checkout.mjs";

const folder = `${root}/build/release`;
const { version } = manifest;
const { tag } = parseArgs({ args: argv.slice(2), options: { tag: { type: "string" } } }).values;

const heading = new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\] - (.*)\\n([^]*?)(?=^## |$(?![^]))`, "m");
const [, date, notes] = heading.exec(text("CHANGELOG.md")) ?? [];
if (tag !== undefined) {
  if (tag !== `v${version}`) fail(`the tag is ${tag}, and package.json has ${version}`);
  if (!/^\d{4}-\d\d-\d\d$/.test(date ?? "")) fail(`CHANGELOG.md has no heading "## [${version}] - YYYY-MM-DD"`);
}

env.SOURCE_DATE_EPOCH = `${sourceEpoch()}`; // for the date of the man page
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

const says = run(execPath, `${folder}/sockproxyd.cjs`, "--version");
if (says !== `sockproxyd ${version}`) fail(`sockproxyd.cjs says "${says}"`);

const sums = readdirSync(folder)
  .sort()
  .map((name) => `${sha256(`${folder}/${name}`)}  ${name}\n`);
writeFileSync(`${folder}/SHA256SUMS`, sums.join(""));
writeFileSync(`${root}/build/release-notes.md`, `${(notes ?? "").trim()}\n`);
console.log(`build/release:\n${sums.join("")}`.trimEnd());

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function fail(problem) {
  console.error(`release: ${problem}`);
  exit(1);
}
