/**
 * Ends the process with one sentence where Node.js is too old. Runs before anything else is loaded, and `scripts/bundle.mjs` puts it in front of
 * the one file. Written in the syntax of ES2017, which every Node.js since 8 reads: no `??`, no `?.`, no imports; and without types, as the scripts
 * of a clone run it as it is (`scripts/check-node.mjs`).
 */
const wanted = "20.18.1"; // as `engines` in package.json; a test compares them
const found = process.versions.node;

const [least = 0, ours = 0] = [wanted, found].map((version) =>
  version.split(".").reduce((number, part) => number * 1000 + Number.parseInt(part, 10), 0),
);
if (ours < least) {
  process.stderr.write(`sockproxyd: Node.js ${wanted} or later is needed; ${process.execPath} is ${found}\n`);
  process.exit(2); // EXIT.usage: to start it again does not help
}

export {};
