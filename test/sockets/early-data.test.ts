import assert from "node:assert/strict";
import { test } from "node:test";
import { EarlyData } from "#src/sockets/early-data.js";
import { FakeEnd } from "../support/fake-end.js";

test("early data stays unchanged, though its memory is used again", () => {
  const client = new FakeEnd();
  const earlyData = new EarlyData(
    client,
    { bytes: Buffer.from("first "), ended: false },
    () => {},
    (error) => assert.fail(String(error)),
  );
  const chunks = ["a".repeat(5000), "b", "c".repeat(20_000), "d".repeat(300)];
  client.send(...chunks);
  client.fin();
  const { bytes, ended } = earlyData.take();
  assert.equal(bytes.toString(), `first ${chunks.join("")}`);
  assert.equal(ended, true);
});

test("a client with too much early data is not read any more", () => {
  const client = new FakeEnd();
  const earlyData = new EarlyData(
    client,
    { bytes: Buffer.alloc(0), ended: false },
    () => {},
    (error) => assert.fail(String(error)),
  );
  client.send(Buffer.alloc(60_000), Buffer.alloc(10_000), Buffer.alloc(10_000));
  assert.equal(client.isPaused, true);
  assert.equal(earlyData.take().bytes.length, 70_000);
});
