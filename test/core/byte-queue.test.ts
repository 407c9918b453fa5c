import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteQueue } from "#src/core/byte-queue.js";

const piece = fc.tuple(fc.constantFrom(0, 1, 2, 100, 4095, 4096, 20_000), fc.nat(255));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("push" as const), piece }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("take" as const, "takeAll" as const) }) },
);

test("law: all that was put in comes out, in its order, and the size is what waits", () => {
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
          if (size < 4096) bytes.fill(0); // short pieces may be lent
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

test("short pieces come out together: each by itself would cost its reader a write", () => {
  const queue = new ByteQueue();
  for (let count = 0; count < 40_000; count += 1) queue.push(Buffer.from("x"));
  const sizes: number[] = [];
  for (let bytes = queue.take(); bytes !== undefined; bytes = queue.take()) sizes.push(bytes.length);
  assert.deepEqual(sizes, [16_384, 16_384, 7232]);
});

test("what is given up does not come out", () => {
  const queue = new ByteQueue();
  queue.push(Buffer.alloc(10_000));
  queue.push(Buffer.from("x"));
  queue.clear();
  assert.equal(queue.size, 0);
  assert.equal(queue.take(), undefined);
  queue.push(Buffer.from("y"));
  assert.equal(queue.takeAll().toString(), "y");
});

test("what has been taken is not kept, though the queue never gets empty", {
  skip: globalThis.gc === undefined && "needs --expose-gc",
}, async () => {
  const queue = new ByteQueue();
  let kept = 0;
  const registry = new FinalizationRegistry<undefined>(() => (kept -= 1));
  queue.push(Buffer.alloc(5000));
  for (let count = 0; count < 100; count += 1) {
    const piece = Buffer.alloc(5000);
    registry.register(piece, undefined);
    kept += 1;
    queue.push(piece);
    queue.take();
  }
  for (let round = 0; round < 20 && kept > 10; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(kept <= 10, `${kept} pieces are kept`);
  assert.equal(queue.size, 5000);
});
