import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFormat } from "#src/core/monitor/format.js";

test("words of MONF", () => {
  assert.deepEqual(parseFormat("ID,Decode"), { ok: true, value: ["id", "decode"] });
  for (const wrong of ["", "id,", "colour"]) assert.equal(parseFormat(wrong).ok, false, wrong);
});
