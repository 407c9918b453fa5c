import assert from "node:assert/strict";
import { test } from "node:test";
import { type Colour, coloured } from "#src/core/monitor/colours.js";

const TIME = "14:32:15,123";

test("lines in colour: the label by its direction, what is wrong in red, the text untouched", () => {
  const style = (colour: Colour, text: string): string => `<${colour}>${text}</>`;
  const table: [string, string][] = [
    [`${TIME} [CLIENT→PROXY] <S>`, `<cyan>${TIME} [CLIENT→PROXY]</> <S>`],
    [`${TIME} [PROXY→CLIENT] <S> ✗ bad`, `<yellow>${TIME} [PROXY→CLIENT]</> <S><red> ✗ bad</>`],
    [`${TIME} [ERROR] x`, `<red>${TIME} [ERROR]</> x`],
    ["… 3 messages not shown", "<red>… 3 messages not shown</>"],
    [`${TIME} [toString] x`, `<red>${TIME} [toString] x</>`],
  ];
  for (const [line, expected] of table) assert.equal(coloured(line, style), expected);
});
