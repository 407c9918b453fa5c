// Writes the man page and the completions of shells into build/, from the tables of the built program: part of `npm run build`.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ALL_COMMANDS } from "../dist/cli/command-table.js";
import { MANUAL_FACTS } from "../dist/cli/manual-facts.js";
import { bashCompletion } from "../dist/core/command-line/bash-completion.js";
import { fishCompletion } from "../dist/core/command-line/fish-completion.js";
import { manPage } from "../dist/core/command-line/man-page.js";
import { zshCompletion } from "../dist/core/command-line/zsh-completion.js";
import { manifest, root } from "./checkout.mjs";

const epoch = process.env.SOURCE_DATE_EPOCH; // reproducible-builds.org: seconds; packagers set it
const day = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
const date = day.toLocaleDateString("en-US", { dateStyle: "long", timeZone: "UTC" });

const files = {
  "man/sockproxyd.8": manPage(ALL_COMMANDS, { ...MANUAL_FACTS, date, version: manifest.version }),
  "completions/sockproxyd.bash": bashCompletion(ALL_COMMANDS),
  "completions/_sockproxyd": zshCompletion(ALL_COMMANDS),
  "completions/sockproxyd.fish": fishCompletion(ALL_COMMANDS),
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(`${root}/build/${name}`), { recursive: true });
  writeFileSync(`${root}/build/${name}`, text);
}
