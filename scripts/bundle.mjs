// Writes build/sockproxyd.cjs: the whole program in one file, with its packages, its page and its version, for every Node.js that the
// program runs on. `node build/sockproxyd.cjs` needs no other file.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build, transform } from "esbuild";
import { manifest, oldestNode, root, text } from "./checkout.mjs";
import { licencesOf } from "./licences.mjs";

/** The files that the program reads from its package, by the names that it has for them. */
const packageFiles = { "package.json": JSON.stringify({ version: manifest.version }) };
const pageNames = readdirSync(`${root}/web`).filter((name) => !name.endsWith(".json"));
const page = Object.fromEntries(pageNames.map((name) => [name, text(`web/${name}`)]));

/** A module whose function gives these texts in place of the files of a folder. */
function embedded(name, texts) {
  return {
    contents: `const texts = ${JSON.stringify(texts)};
      export function ${name}(path) { return Buffer.from(texts[path]); }`,
  };
}

const embeddedFiles = {
  name: "embedded-files",
  setup({ onLoad }) {
    onLoad({ filter: /\/system\/package-file\.ts$/ }, () => embedded("packageFile", packageFiles));
    onLoad({ filter: /\/web\/page-file\.ts$/ }, () => embedded("pageFile", page));
  },
};

/** Gives winston the streams of Node: readable-stream is a copy of them, for old versions. */
const ownStreams = {
  name: "own-streams",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^readable-stream$/ }, () => ({ path: "node:stream", external: true }));
    onLoad({ filter: /\/readable-stream\/lib\/_stream_writable\.js$/ }, () => ({
      contents: 'module.exports = require("node:stream").Writable;',
    }));
  },
};

/** Gives mqtt no timers of browsers, no debug lines of its own, which would show a password, and of its package.json what it reads. */
const plainMqtt = {
  name: "plain-mqtt",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(worker-timers|debug)$/ }, ({ path, importer }) =>
      /\/node_modules\/mqtt(-packet)?\//.test(importer) ? { path, namespace: "plain-mqtt" } : undefined,
    );
    onLoad({ filter: /\/node_modules\/mqtt\/package\.json$/ }, ({ path }) => ({
      contents: JSON.stringify({ version: JSON.parse(readFileSync(path, "utf8")).version }),
      loader: "json",
    }));
    onLoad({ filter: /.*/, namespace: "plain-mqtt" }, () => ({ contents: "module.exports = () => () => {};" }));
  },
};

/** The first statement: one sentence for a Node.js that is too old. */
const nodeCheck = text("src/launch/node-check.ts");
const old = { target: "es2017" }; // an old Node has to read the whole file before it runs the check
const { code } = await transform(nodeCheck, { loader: "ts", format: "iife", minify: true, ...old });

const target = `node${oldestNode}`;
/** Names stay: they stand in messages of faults and in stack traces. `keepNames` would keep them by 3,000 calls, 6 MiB of them. */
const small = { minifyWhitespace: true, minifySyntax: true };

const { outputFiles, metafile } = await build({
  entryPoints: { main: `${root}/src/launch/run.ts` },
  outdir: `${root}/build`,
  absWorkingDir: root,
  bundle: true,
  splitting: true, // what `import()` loads is a part of its own
  platform: "node",
  target,
  format: "esm", // the only one that esbuild splits
  ...small,
  define: { "process.env.NODE_ENV": '"production"' }, // winston loads less
  legalComments: "none", // the licences stand at the end, whole
  logLevel: "warning",
  metafile: true,
  write: false,
  plugins: [embeddedFiles, ownStreams, plainMqtt],
});

/** Modules of Node that a daemon seldom needs, where a part imports single names of them. */
const SELDOM =
  /\b(import_\w+=)require\("((?:node:)?(?:child_process|crypto|dgram|fs\/promises|http|os|readline|tls|zlib))"\)/g;

/** A part as a member of an object: a function whose body is a comment, and in it the text of a CommonJS module. */
async function memberOf({ path, text: module }) {
  const { code } = await transform(module, {
    platform: "node",
    target,
    format: "cjs",
    supported: { "dynamic-import": false },
    ...small,
  });
  return `${JSON.stringify(basename(path))}(){/*${latin1(code.replace(SELDOM, '$1module.later("$2")')).trim().replaceAll("*/", "*\x01/")}*/}`;
}

const { code: loader } = await transform(text("scripts/bundle-loader.cjs"), old);
const parts = await Promise.all(outputFiles.map(memberOf));
const script = [
  `#!/usr/bin/env node\n${code}const parts = {\n${parts.join(",\n")}\n};`,
  loader,
  comment(licencesOf(Object.keys(metafile.inputs), root)),
].join("\n");
mkdirSync(`${root}/build`, { recursive: true });
writeFileSync(`${root}/build/sockproxyd.cjs`, latin1(script), { mode: 0o755 });

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
