import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { descriptorLimit } from "#src/system/descriptors.js";

test("the limit of open files is the shell's `ulimit -n`", () => {
  const limit = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  assert.equal(descriptorLimit(), limit === "unlimited" ? undefined : Number(limit));
});
