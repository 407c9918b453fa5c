import assert from "node:assert/strict";
import { test } from "node:test";
import { abilitiesOf, abilitiesText, instanceOf, OWN_ABILITIES } from "#src/core/tunnel/abilities.js";

for (const [words, abilities] of [
  ["", []],
  ["fin", ["fin"]],
  ["reset  fin fin", ["fin", "reset"]],
  ["FIN fins later\0 credit,reset", []],
  ["later credit ".repeat(4000), ["credit"]],
] as const) {
  test(`HELLO ${JSON.stringify(words.slice(0, 30))} names ${abilities.join(", ") || "nothing known"}`, () => {
    assert.deepEqual([...abilitiesOf(Buffer.from(words))], abilities);
  });
}

test("another sockproxyd reads the HELLO of this one", () => {
  assert.deepEqual([...abilitiesOf(Buffer.from(abilitiesText(OWN_ABILITIES)))], OWN_ABILITIES);
});

test("HELLO tells which device it is of, if it says so; no more than 64 characters of it are kept", () => {
  assert.deepEqual(instanceOf(Buffer.from(abilitiesText(OWN_ABILITIES, "a-1"))), { instance: "a-1" });
  assert.deepEqual(instanceOf(Buffer.from(`fin id=${"x".repeat(1000)}`)), { instance: "x".repeat(64) });
  for (const words of ["", "fin", "fin ID=1 xid=2"]) assert.deepEqual(instanceOf(Buffer.from(words)), {});
});
