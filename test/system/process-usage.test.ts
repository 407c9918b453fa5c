import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { processUsage } from "#src/system/process-usage.js";

test("the process has what the kernel says, and its start does not move", () => {
  const before = processUsage();
  const fds = Array.from({ length: 20 }, () => openSync("/dev/null", "r"));
  const after = processUsage();
  for (const fd of fds) closeSync(fd);
  assert.ok((after.openDescriptors ?? 0) >= (before.openDescriptors ?? 0) + 10, "files that are open are counted");
  assert.ok(after.cpuSeconds >= before.cpuSeconds && after.cpuSeconds > 0);
  assert.equal(after.startSeconds, before.startSeconds);
  assert.ok(Math.abs(after.startSeconds - (Date.now() / 1000 - process.uptime())) < 10);
  assert.ok(after.residentBytes > 10_000_000 && (after.virtualBytes ?? 0) > after.residentBytes);
});
