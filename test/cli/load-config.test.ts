import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { loadConfig } from "#src/cli/load-config.js";
import { ConfigFile } from "../support/config.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-load-`);
const fifo = `${folder}/fifo`;
execFileSync("mkfifo", [fifo]);
after(() => rmSync(folder, { recursive: true }));

/** Loads a configuration from these lines. The process would stand still if it waited for a FIFO. */
function problemsOf(text: string): readonly string[] {
  return loadConfig([{ kind: "file", path: new ConfigFile(text).path }]).problems;
}

test("a configuration file that is a FIFO, a folder or a device is refused: a reload would find nothing in it", () => {
  const kinds = { [fifo]: "a FIFO or a pipe", [folder]: "a folder", "/dev/zero": "a device" };
  for (const [path, kind] of Object.entries(kinds)) {
    assert.deepEqual(loadConfig([{ kind: "file", path }]).problems, [
      `cannot read configuration file ${path}: it is ${kind}, and no file`,
    ]);
  }
});

test("so are files that a line names", () => {
  assert.deepEqual(problemsOf(`[mux bus]\nlisten=5020\ntarget=device:502\nmonitor=hex\nmonitor-file=${fifo}\n`), [
    `[mux bus]: monitor-file ${fifo}: it is a FIFO or a pipe, and no file`,
  ]);
  assert.deepEqual(problemsOf(`[tunnel]\n7000=EXPOSE 127.0.0.1:1>a:2 TLS=1 CERT=${fifo} PKEY=${fifo}\n`), [
    `[tunnel] 7000: TLS: ${fifo} cannot be used: it is a FIFO or a pipe, and no file`,
  ]);
});
