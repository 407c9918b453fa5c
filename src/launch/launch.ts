import "./no-debugger.js";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { compileInCache } from "./compile-cache.js";

/**
 * Loads the program: its modules where they were compiled beside this one, as in a clone; the one file otherwise, as in the package of npm, which
 * holds of `dist` only what leads here. The one file compiles what it needs by itself.
 */
if (existsSync(new URL("../cli/program.js", import.meta.url))) {
  compileInCache();
  await import("./run.js");
} else {
  createRequire(import.meta.url)("../../build/sockproxyd.cjs");
}
