import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { ByteQueue } from "#src/core/collections/byte-queue.js";
import { until } from "../../support/wait.js";

const piece = fc.tuple(fc.constantFrom(0, 1, 2, 100, 4095, 4096, 20_000), fc.nat(255));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("push" as const), piece }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("take" as const, "takeAll" as const) }) },
);

test("law: all bytes come out in order, and the size is the number of waiting bytes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      const put: Buffer[] = [];
      const taken: Buffer[] = [];
      const length = (buffers: readonly Buffer[]): number => buffers.reduce((sum, each) => sum + each.length, 0);
      for (const each of steps) {
        if (each.kind === "push") {
          const [size, value] = each.piece;
          const bytes = Buffer.alloc(size, value);
          put.push(Buffer.from(bytes));
          queue.push(bytes);
          bytes.fill(0); // the memory was lent
        } else if (each.kind === "take") {
          const bytes = queue.take();
          assert.notEqual(bytes?.length, 0);
          if (bytes !== undefined) taken.push(bytes);
        } else taken.push(queue.takeAll());
        assert.equal(queue.size, length(put) - length(taken));
      }
      taken.push(queue.takeAll());
      assert.ok(Buffer.concat(taken).equals(Buffer.concat(put)));
      assert.equal(queue.take(), undefined);
    }),
  );
});

test("short pieces come out together: each would cost its reader a write", () => {
  const queue = new ByteQueue();
  for (let count = 0; count < 40_000; count += 1) queue.push(Buffer.from("x"));
  const sizes: number[] = [];
  for (let bytes = queue.take(); bytes !== undefined; bytes = queue.take()) sizes.push(bytes.length);
  assert.deepEqual(sizes, [16_384, 16_384, 7232]);
});

test("dropped bytes do not come out", () => {
  const queue = new ByteQueue();
  queue.push(Buffer.alloc(10_000));
  queue.push(Buffer.from("x"));
  queue.clear();
  assert.equal(queue.size, 0);
  assert.equal(queue.take(), undefined);
  queue.push(Buffer.from("y"));
  assert.equal(queue.takeAll().toString(), "y");
});

test("taken bytes cost no memory, even in a queue that is never empty", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const queue = new ByteQueue();
  queue.push(Buffer.alloc(16_000));
  gc();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 5000; count += 1) {
    queue.push(Buffer.alloc(16_000)); // 80 MB in all
    queue.take();
  }
  await until(() => {
    gc();
    return process.memoryUsage().arrayBuffers - before < 10_000_000;
  }, "memory to be given back");
  assert.equal(queue.size, 16_000);
});
