import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS, parseValue } from "#src/core/config/keys.js";
import { REFERENCE } from "#src/core/config/reference.js";

test("every key and option has a unit, a help text and a unique name", () => {
  for (const { kind, section, rows } of REFERENCE) {
    assert.ok(rows.length > 0, `${kind} of ${section}`);
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length, section);
    for (const { key, unit, help } of rows) assert.ok(unit !== "" && help !== "", `${section} ${key}`);
  }
  assert.equal(REFERENCE.flatMap(({ kind, rows }) => (kind === "keys" ? rows : [])).length, KEYS.length);
});

test("the default of every key is what the section takes", () => {
  for (const { section, key, defaultText } of KEYS) {
    assert.ok(parseValue(section, key, defaultText)?.ok, `[${section}] ${key}`);
  }
});
