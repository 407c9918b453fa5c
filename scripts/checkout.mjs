// The checkout that a script works on.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** package.json */
export const manifest = JSON.parse(text("package.json"));

/** The oldest Node.js that the program runs on: `20.18.1`. */
export const oldestNode = manifest.engines.node.replace(/[^\d.]/g, "");

/** The text of a file of the checkout. */
export function text(name) {
  return readFileSync(`${root}/${name}`, "utf8");
}

/** Runs a program in the checkout, and returns what it prints. Throws when it fails. */
export function run(command, ...args) {
  return execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

/** The time of the last commit, in seconds; or SOURCE_DATE_EPOCH (reproducible-builds.org), which packagers set. */
export function sourceEpoch() {
  return Number(process.env.SOURCE_DATE_EPOCH || run("git", "log", "-1", "--format=%ct"));
}
