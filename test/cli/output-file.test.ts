import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DONE, failed } from "#src/cli/outcome.js";
import { withOutputFile } from "#src/cli/output-file.js";

function oldRecording(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-output-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "old");
  writeFileSync(path, "an old recording, which is longer", { mode: 0o644 });
  return path;
}

test("a command that cannot begin costs nobody a recording", async (t) => {
  const path = oldRecording(t);
  const outcome = await withOutputFile(path, new AbortController(), async () => failed("no daemon"));
  assert.deepEqual(outcome, failed("no daemon"));
  assert.equal(readFileSync(path, "utf8"), "an old recording, which is longer");
});

test("one that begins replaces what is there, and only the owner may read it", async (t) => {
  const path = oldRecording(t);
  const outcome = await withOutputFile(path, new AbortController(), async (output) => {
    output.write("new, ");
    output.write("and shorter");
    return DONE;
  });
  assert.deepEqual(outcome, DONE);
  assert.equal(readFileSync(path, "utf8"), "new, and shorter");
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a device stays as it is; what takes nothing is an error", async () => {
  const { mode } = statSync("/dev/full");
  const outcome = await withOutputFile("/dev/full", new AbortController(), async (output) => {
    output.write("x");
    return DONE;
  });
  assert.match(JSON.stringify(outcome), /\/dev\/full: ENOSPC/);
  assert.equal(statSync("/dev/full").mode, mode);
});
