import assert from "node:assert/strict";
import { test } from "node:test";
import { abilitiesOf, abilitiesText, OWN_ABILITIES } from "#src/core/tunnel/abilities.js";

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
