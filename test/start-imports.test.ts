import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const compiled = fileURLToPath(new URL("..", import.meta.url));

/** `import … from "place"` and `export … from "place"` of compiled modules, and not `import("place")`. */
const STATIC_IMPORT = /^(?:import|export) (?:[^"'=;]* from )?["']([^"']+)["'];$/gm;

/** What a module loads, and what that loads, except by `import()`: our modules by their paths in `src/`, packages and modules of Node by name. */
function loadedBy(entries: readonly string[]): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const [, place = ""] of readFileSync(join(compiled, path), "utf8").matchAll(STATIC_IMPORT)) {
      if (place.startsWith(".")) visit(join(dirname(path), place));
      else loaded.add(place);
    }
  };
  for (const entry of entries) visit(entry);
  return loaded;
}

/** The modules that `import()` loads on the way to a daemon that runs with the default settings. */
const START = ["launch/run.js", "cli/program.js", "cli/serve-command.js", "cli/daemon-parts.js"];

/** Each takes memory and time of every daemon: a new one belongs behind an `import()`, or has its price in docs/benchmarks.md. */
const PACKAGES = [
  "http-parser-js",
  "ini",
  "minimist",
  "rotating-file-stream",
  "winston/lib/winston/create-logger.js",
  "winston/lib/winston/transports/stream.js",
];

/** What they have outside `src/core` at the start: what makes listeners of lines, for settings that have some. */
const LATE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  doctor: [],
  mux: ["mux/mux-listener.js"],
  tunnel: ["tunnel/tunnel-listener.js"],
  web: [],
};

test("a daemon with default settings loads no package and no room that it does not need", () => {
  for (const entry of START)
    assert.ok(existsSync(join(compiled, entry)), `${entry}: the list of this test is out of date`);
  const loaded = [...loadedBy(START)];
  const packages = loaded.filter((name) => !name.startsWith("node:") && !existsSync(join(compiled, name)));
  assert.deepEqual(packages.sort(), PACKAGES);
  for (const [room, files] of Object.entries(LATE_ROOMS)) {
    const early = loaded.filter((path) => path.startsWith(`${room}/`));
    assert.deepEqual(early.sort(), files, `room ${room}`);
  }
});
