// Writes build/sockproxyd.cjs: the whole program in one file, with its packages, its page and its version, for every Node.js that the
// program runs on. `node build/sockproxyd.cjs` needs no other file.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { licencesOf } from "./licences.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version, engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));

/** The files that the program reads from its package. */
const page = readdirSync(`${root}/web`).filter((name) => !name.endsWith(".json"));
const texts = {
  "package.json": JSON.stringify({ version }),
  ...Object.fromEntries(page.map((name) => [`web/${name}`, readFileSync(`${root}/web/${name}`, "utf8")])),
};

/** Gives src/system/package-file.ts the texts in place of its folder. */
const embeddedFiles = {
  name: "embedded-files",
  setup({ onLoad }) {
    onLoad({ filter: /\/system\/package-file\.ts$/ }, () => ({
      contents: `const texts = ${JSON.stringify(texts)};
        export function packageFile(path) { return Buffer.from(texts[path]); }`,
    }));
  },
};

/** The first statement: one sentence for a Node.js that is too old. */
const nodeCheck = readFileSync(`${root}/src/launch/node-check.ts`, "utf8");
const { code } = await transform(nodeCheck, { loader: "ts", format: "iife", minify: true, target: "es2017" });

const { outputFiles, metafile } = await build({
  entryPoints: [`${root}/src/launch/run.ts`],
  outfile: `${root}/build/sockproxyd.cjs`,
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: `node${engines.node.replace(/[^\d.]/g, "")}`,
  // An old Node has to read the whole file before it runs the check: these two are all that Node 14 does not read.
  supported: { "logical-assignment": false, "class-private-brand-check": false },
  format: "cjs",
  // Names stay: they stand in messages of faults and in stack traces. `keepNames` would keep them by 3,000 calls, 6 MiB of them.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: process.argv.includes("--sourcemap") && "linked",
  legalComments: "none", // the licences stand at the end, whole
  banner: { js: `#!/usr/bin/env node\n${code}` },
  logLevel: "warning",
  metafile: true,
  write: false,
  plugins: [embeddedFiles],
});

mkdirSync(`${root}/build`, { recursive: true });
for (const { path, text } of outputFiles) {
  if (!path.endsWith(".cjs")) writeFileSync(path, text);
  else writeFileSync(path, latin1(text + comment(licencesOf(Object.keys(metafile.inputs), root))), { mode: 0o755 });
}

/** Returns a script, of which one character beyond Latin-1 would double the memory. */
function latin1(script) {
  const at = script.search(/[^\0-\xff]/);
  if (at >= 0)
    throw new Error(
      `a character beyond Latin-1, to be written as \\u…: ${script.slice(Math.max(at - 60, 0), at + 20)}`,
    );
  return script;
}

/** A text as a comment at the end of a script. */
function comment(text) {
  return `/*\n${text.replaceAll("*/", "* /")}*/\n`;
}
