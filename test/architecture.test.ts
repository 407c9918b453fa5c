import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { roomImports } from "./support/document-blocks.js";

/** The floors of docs/architecture.md, the top one first: which rooms stand on each. */
function floors(): Map<string, number> {
  const page = readFileSync("docs/architecture.md", "utf8");
  const found = new Map<string, number>();
  for (const [, floor = "", rooms = ""] of page.matchAll(/^\| (\d+) \| (.*) \|$/gm)) {
    for (const [, room = ""] of rooms.matchAll(/`(\w+)`/g)) found.set(room, Number(floor));
  }
  return found;
}

test("imports go down the floors that the documents show, type imports, too", () => {
  const floorOf = floors();
  const wrong: string[] = [];
  for (const { file, room, other } of roomImports()) {
    const [from, to] = [floorOf.get(room), floorOf.get(other)];
    if (from === undefined || to === undefined || from >= to)
      wrong.push(`src/${file} (floor ${from}) imports ${other} (${to})`);
  }
  assert.deepEqual(wrong, []);
});
