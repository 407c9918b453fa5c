import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkReader, type LinkReaderEvents } from "#src/tunnel/link-reader.js";
import { DATA, frame, LISTEN } from "../support/tunnel.js";
import { until } from "../support/wait.js";

/** A reader, and what it has told: kinds of commands, and `|` for the end of a time slice. */
function fixture(more: Partial<LinkReaderEvents> = {}) {
  const told: string[] = [];
  const reader: LinkReader = new LinkReader({
    command: ({ kind }) => void told.push(kind),
    sliceDone: () => void told.push("|"),
    fault: (error) => void told.push(String(error)),
    ...more,
  });
  return { reader, told };
}

test("commands come whole, in however many chunks; each chunk ends a slice", () => {
  const { reader, told } = fixture();
  const bytes = Buffer.concat([frame(LISTEN, 0), frame(DATA, 7, "hello")]);
  reader.push(bytes.subarray(0, 6));
  reader.push(bytes.subarray(6, 10));
  reader.push(bytes.subarray(10));
  assert.deepEqual(told, ["listen", "|", "|", "data", "|"]);
  assert.equal(reader.behind, false);
});

test("a chunk of very many commands is worked off in several slices, with nothing lost and in order", async () => {
  let [commands, slices, inOrder] = [0, 0, true];
  const { reader } = fixture({
    command: (command) => {
      inOrder &&= command.kind === "close" && command.client === commands % 256;
      commands += 1;
    },
    sliceDone() {
      slices += 1;
    },
  });
  const count = 400_000;
  reader.push(Buffer.concat(Array.from({ length: count }, (_, index) => frame(2, index % 256))));
  assert.equal(reader.behind, true);
  await until(() => !reader.behind, "the rest");
  assert.deepEqual([commands, inOrder], [count, true]);
  assert.ok(slices > 1, `${slices} slices`);
});

test("a reader that is stopped in the middle of a chunk reads no further command", () => {
  const told: string[] = [];
  const { reader } = fixture({
    command: ({ kind }) => {
      told.push(kind);
      reader.stop();
    },
  });
  reader.push(Buffer.concat([frame(LISTEN, 0), frame(LISTEN, 0)]));
  assert.deepEqual(told, ["listen"]);
});

test("a fault in a later slice is told as one; in the first it belongs to whoever has pushed", async () => {
  let commands = 0;
  const { reader, told } = fixture({
    command: () => {
      commands += 1;
      if (reader.behind || commands < 200_000) return;
      throw new Error("broken");
    },
    sliceDone() {},
  });
  reader.push(Buffer.concat(Array.from({ length: 400_000 }, () => frame(LISTEN, 0))));
  assert.equal(reader.behind, true);
  await until(() => told.length > 0, "the fault");
  assert.deepEqual(told, ["Error: broken"]);
  const broken = fixture({
    command() {
      throw new Error("at once");
    },
  });
  assert.throws(() => broken.reader.push(frame(LISTEN, 0)), /at once/);
});
