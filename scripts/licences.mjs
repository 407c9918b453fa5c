// The licences of what a bundle holds: our own, and those of all packages whose files are in it.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const PACKAGE = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const RULE = `\n${"-".repeat(80)}\n\n`;

/**
 * The texts of the licences, one after the other.
 *
 * @param files the bundled files, relative to `root`
 * @throws when a package has no text of a licence
 */
export function licencesOf(files, root) {
  const packages = [...new Set(files.flatMap((file) => PACKAGE.exec(file)?.[0] ?? []))].sort();
  const own = licenceOf(root);
  return [`sockproxyd\n\n${own}`, ...packages.map((path) => titled(`${root}/${path}`))].join(RULE);
}

function titled(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  return `${name} ${version} (${license})\n\n${licenceOf(folder)}`;
}

/** The file LICENSE of a package, or the chapter of its README: some have nothing else. */
function licenceOf(folder) {
  const find = (pattern) => readdirSync(folder).find((name) => pattern.test(name));
  const file = find(/^(licen[cs]e|copying)(\.\w+)?$/i);
  if (file !== undefined) return plain(readFileSync(`${folder}/${file}`, "utf8"));
  const readme = find(/^readme(\.\w+)?$/i);
  const chapter = readme && /^#+ Licen[cs]e[^\n]*\n(.*)/ims.exec(readFileSync(`${folder}/${readme}`, "utf8"))?.[1];
  if (!chapter || !existsSync(folder)) throw new Error(`${folder}: no text of a licence`);
  return plain(chapter);
}

/** A script of which one character is not in Latin-1 takes twice the memory. */
function plain(text) {
  return `${text
    .trim()
    .replaceAll("\r", "")
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201c\u201d]/g, '"')}\n`;
}
