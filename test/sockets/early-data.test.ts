import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { EarlyData, NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { FakeEnd } from "../support/fake-end.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const MAX_EARLY_BYTES = 65_536;
const fail = (error: unknown): void => assert.fail(String(error));

test("early bytes are kept as they were, though their memory is used again", () => {
  const client = new FakeEnd();
  const earlyData = new EarlyData(
    client,
    { bytes: Buffer.from("first "), ended: false },
    { clientClosed() {}, fault: fail },
  );
  const chunks = ["a".repeat(5000), "b", "c".repeat(20_000), "d".repeat(300)];
  client.send(...chunks);
  client.fin();
  const { bytes, ended } = earlyData.take();
  assert.equal(bytes.toString(), `first ${chunks.join("")}`);
  assert.equal(ended, true);
});

test("a client that sends too much early is not read any more", () => {
  const client = new FakeEnd();
  const earlyData = new EarlyData(client, NO_EARLY_BYTES, { clientClosed() {}, fault: fail });
  client.send(Buffer.alloc(60_000), Buffer.alloc(10_000), Buffer.alloc(10_000));
  assert.equal(client.isPaused, true);
  assert.equal(earlyData.take().bytes.length, 70_000);
});

test("a client that had sent enough before is not read at all", () => {
  const client = new FakeEnd();
  client.resume();
  const first = { bytes: Buffer.alloc(MAX_EARLY_BYTES), ended: true };
  const earlyData = new EarlyData(client, first, { clientClosed() {}, fault: fail });
  client.send("more");
  assert.equal(client.isPaused, true);
  assert.deepEqual(earlyData.take(), { ...first, lost: undefined });
});

/** A real client that sends early. */
async function scene(t: TestContext) {
  const { end, peer } = await socketEnd(t);
  const closed: (Error | undefined)[] = [];
  const earlyData = new EarlyData(end, NO_EARLY_BYTES, { clientClosed: (error) => closed.push(error), fault: fail });
  return { end, peer, closed, earlyData };
}

test("bytes that come after the early ones were taken go to whoever takes the events", async (t) => {
  const { end, peer, earlyData } = await scene(t);
  peer.write("early");
  await until(() => end.bytesReceived === 5, "the early bytes");
  peer.write("late");
  assert.equal(earlyData.take().bytes.toString(), "early");
  let late = "";
  end.events = {
    ...IGNORE_EVENTS,
    data(chunk) {
      late += chunk;
    },
  };
  await until(() => late === "late", "the rest");
});

test("a client that goes away meanwhile is noticed, with its error", async (t) => {
  const { peer, closed } = await scene(t);
  peer.reset();
  await until(() => closed.length === 1, "the client to be gone");
  assert.match(String(closed[0]), /ECONNRESET/);
});
