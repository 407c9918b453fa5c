import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BATCH_BYTES, FrameBatch } from "#src/core/tunnel/frame-batch.js";
import { HEADER, PAYLOAD_MAX } from "#src/core/tunnel/frames.js";
import { frame } from "../../support/tunnel.js";

const DATA = 3;

test("a batch is its frames, in order; the next one begins anew", () => {
  const payloads = fc.array(fc.record({ client: fc.nat(255), length: fc.nat(20_000), isPing: fc.boolean() }));
  fc.assert(
    fc.property(fc.array(payloads, { maxLength: 4 }), (batches) => {
      const batch = new FrameBatch();
      for (const list of batches) {
        const frames = list.map(({ client, length, isPing }) =>
          isPing ? frame(6, 0) : frame(DATA, client, Buffer.alloc(length, client)),
        );
        for (const [index, { client, length, isPing }] of list.entries()) {
          const bytes = isPing ? batch.add(frame(6, 0)) : batch.addData(client, Buffer.alloc(length, client));
          assert.equal(bytes, frames[index]?.length);
        }
        const whole = Buffer.concat(frames);
        assert.equal(batch.length, whole.length);
        assert.ok(batch.take().equals(whole));
        assert.equal(batch.length, 0);
      }
    }),
  );
});

test("an empty batch takes any frame; others as many as make one write", () => {
  const batch = new FrameBatch();
  assert.ok(batch.fits(PAYLOAD_MAX));
  let count = 0;
  for (; batch.fits(PAYLOAD_MAX); count += 1) batch.addData(0, Buffer.alloc(PAYLOAD_MAX));
  assert.equal(count, Math.floor(BATCH_BYTES / (PAYLOAD_MAX + HEADER)));
  assert.ok(batch.length <= BATCH_BYTES);
});
