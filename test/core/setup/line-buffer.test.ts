import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineBuffer } from "#src/core/setup/line-buffer.js";

/** Pushes the chunks and takes all lines after each one. Ends at a line that is too long. */
function run(chunks: readonly Buffer[], limit = 4096): { lines: string[]; tooLong: boolean; rest: Buffer } {
  const buffer = new LineBuffer(limit);
  const lines: string[] = [];
  for (const chunk of chunks) {
    buffer.push(chunk);
    for (let next = buffer.next(); next.kind !== "more"; next = buffer.next()) {
      if (next.kind === "too-long") return { lines, tooLong: true, rest: buffer.takeRest() };
      lines.push(next.text);
    }
  }
  return { lines, tooLong: false, rest: buffer.takeRest() };
}

/** Cuts a buffer at the given places. */
function cutAt(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

test("a line ends in LF; a CR stays in the line, and setup mode refuses it", () => {
  assert.deepEqual(run([Buffer.from("a\n\nb\r\nc")]).lines, ["a", "", "b\r"]);
});

test("the lines do not depend on the chunking, and no byte is lost", () => {
  const bytes = fc.array(fc.constantFrom(10, 13, 32, 65, 66, 200), { maxLength: 200 }).map((list) => Buffer.from(list));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat()), (whole, places) => {
      const once = run([whole], 20);
      assert.deepEqual(run(cutAt(whole, places), 20).lines, once.lines);
      if (once.tooLong) return;
      const expected = whole.toString("latin1").split("\n");
      assert.equal(once.lines.length, expected.length - 1);
      assert.equal(once.rest.toString("latin1"), expected.at(-1));
    }),
  );
});

test("a line as long as the limit passes; one byte more is too long, with or without its LF", () => {
  assert.deepEqual(run([Buffer.from(`${"x".repeat(4096)}\n`)]).lines, ["x".repeat(4096)]);
  assert.equal(run([Buffer.from(`${"x".repeat(4097)}\n`)]).tooLong, true);
  assert.equal(run([Buffer.from("x".repeat(4097))]).tooLong, true);
  assert.equal(run([Buffer.from("x".repeat(4096))]).tooLong, false);
});

test("the bytes behind a line come back unchanged", () => {
  const buffer = new LineBuffer(100);
  buffer.push(Buffer.from("CONN a:1\n\x00\xffGET", "latin1"));
  assert.deepEqual(buffer.next(), { kind: "line", text: "CONN a:1" });
  assert.equal(buffer.takeRest().toString("latin1"), "\x00\xffGET");
});
