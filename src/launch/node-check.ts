/**
 * Ends the process with one sentence where Node.js is too old. Runs before anything else is loaded, and `scripts/bundle.mjs` puts it in front of
 * the one file. Written in the syntax of ES2017, which every Node.js since 8 reads: no `??`, no `?.`, no imports.
 */
const wanted = "20.18.1"; // as `engines` in package.json; a test compares them
const found = process.versions.node;

const numbers = (version: string) =>
  version.split(".").map((part) => Number.parseInt(part, 10)) as [number, number, number];
const [major, minor, patch] = numbers(wanted);
const [itsMajor, itsMinor, itsPatch] = numbers(found);

if ((itsMajor - major || itsMinor - minor || itsPatch - patch) < 0) {
  process.stderr.write(`sockproxyd: Node.js ${wanted} or later is needed; ${process.execPath} is ${found}\n`);
  process.exit(2); // EXIT.usage: to start it again does not help
}

export {};
