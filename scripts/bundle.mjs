// Writes build/sockproxyd.cjs: the whole program in one file, with its packages, its page and its version, for every Node.js that the
// program runs on. `node build/sockproxyd.cjs` needs no other file.
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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

await build({
  entryPoints: [`${root}/src/main.ts`],
  outfile: `${root}/build/sockproxyd.cjs`,
  bundle: true,
  platform: "node",
  target: `node${engines.node.replace(/[^\d.]/g, "")}`,
  format: "cjs",
  minify: true,
  keepNames: true, // names of classes stand in messages of faults
  sourcemap: process.argv.includes("--sourcemap") && "linked",
  legalComments: "eof",
  logLevel: "warning",
  plugins: [embeddedFiles],
});
