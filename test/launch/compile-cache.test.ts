import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compileInCache } from "#src/launch/compile-cache.js";

const { getCompileCacheDir } = module as { getCompileCacheDir?: () => string | undefined };

test("compiled code is kept in a folder of this user alone, and nowhere else", {
  skip: getCompileCacheDir === undefined ? "this Node.js keeps nothing" : getCompileCacheDir() !== undefined,
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-cache-"));
  const former = process.env["CACHE_DIRECTORY"];
  t.after(() => {
    if (former === undefined) delete process.env["CACHE_DIRECTORY"];
    else process.env["CACHE_DIRECTORY"] = former;
    rmSync(folder, { recursive: true });
  });
  process.env["CACHE_DIRECTORY"] = `${folder}:/nonexistent`;
  chmodSync(folder, 0o777);
  compileInCache();
  assert.equal(getCompileCacheDir?.(), undefined, "everybody could put code there");
  chmodSync(folder, 0o755);
  compileInCache();
  assert.ok(getCompileCacheDir?.()?.startsWith(folder));
});
