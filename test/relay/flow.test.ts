import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { hexView } from "#src/core/monitor/views/hex-view.js";
import { noneDropped } from "#src/core/net/datagrams.js";
import { Flow } from "#src/relay/flow.js";
import type { ByteObserver } from "#src/sockets/byte-observer.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { ManualClock } from "../support/clock.js";
import { keepBusy } from "../support/cpu.js";
import { FakeEnd } from "../support/fake-end.js";
import { until } from "../support/wait.js";

/** A flow from a source to a sink. `workMs`: the CPU time of a write. */
function scene(blockSize: number, workMs = 0, source = new FakeEnd(), sink = new FakeEnd()) {
  const clock = new ManualClock();
  const flow: Flow = new Flow("up", source, sink, blockSize, clock, {
    written: () => keepBusy(workMs),
    fault: (error) => assert.fail(String(error)),
  });
  source.events = { ...IGNORE_EVENTS, data: (chunk) => flow.forward(chunk), eof: () => flow.finish() };
  sink.events = { ...IGNORE_EVENTS, drained: () => flow.sinkDrained() };
  source.resume();
  return { source, sink, flow, clock };
}

describe("blocks", () => {
  test("are of their size, in order, and the source is not read before all of them are written", async () => {
    const { source, sink, flow } = scene(3, 1);
    const text = "0123456789".repeat(5);
    source.send(text);
    assert.equal(source.isPaused, true);
    assert.ok(sink.text.length < text.length, "others have their turn");
    await until(() => sink.text === text, "the rest to be written");
    assert.ok(sink.written.every(({ text: block }, index) => block.length === (index === 16 ? 2 : 3)));
    await until(() => !source.isPaused, "the source to be read again");
    assert.equal(flow.bytes, text.length);
  });

  test("no block is written behind one that the sink has not taken", async () => {
    const { source, sink } = scene(3);
    sink.setBusy(true);
    source.send("0123456789");
    await nextPass();
    assert.equal(sink.text, "012");
    sink.setBusy(false);
    assert.equal(sink.text, "0123456789");
    assert.equal(source.isPaused, false);
  });

  test("a sink that reports drained during each write gets every block once", async () => {
    const { source, sink } = scene(3, 1);
    sink.onWritten = () => sink.events.drained();
    const text = "0123456789".repeat(5);
    source.send(text, "abc");
    await until(() => sink.text.length >= text.length + 3 && !source.isPaused, "all of it");
    assert.equal(sink.text, `${text}abc`);
  });
});

describe("back pressure", () => {
  test("the source is paused while the sink takes nothing, and what it still hands on is not lost", () => {
    const { source, sink, flow, clock } = scene(0);
    sink.setBusy(true);
    clock.advance(500);
    source.send("a", "b");
    assert.equal(flow.lastActivityAt, clock.now());
    assert.deepEqual([sink.text, source.isPaused, flow.stalled], ["a", true, true]);
    sink.setBusy(false);
    assert.deepEqual([sink.text, source.isPaused, flow.stalled], ["ab", false, false]);
  });

  test("a sign of life of the sink counts, though it does not end the stall", () => {
    const { source, sink, flow, clock } = scene(0);
    sink.setBusy(true);
    source.send("a");
    clock.advance(500);
    sink.events.drained();
    assert.deepEqual([flow.lastActivityAt, flow.stalled, source.isPaused], [clock.now(), true, true]);
  });
});

describe("FIN", () => {
  test("goes behind the blocks that wait", async () => {
    const { source, sink, flow } = scene(1, 1);
    source.send("0123456789");
    flow.finish();
    assert.equal(sink.ended, false);
    await until(() => sink.ended, "FIN");
    assert.equal(sink.text, "0123456789");
  });

  test("a flow that finishes at once leaves nothing out", () => {
    const { source, sink, flow } = scene(1, 1);
    source.send("0123456789");
    flow.finishAtOnce();
    assert.equal(sink.text, "0123456789");
    assert.equal(sink.ended, true);
  });

  test("a flow that is stopped writes nothing more, and sends none", async () => {
    const { source, sink, flow } = scene(1, 1);
    source.send("0123456789");
    const before = sink.text;
    flow.stop();
    await nextPass();
    await nextPass();
    assert.equal(sink.text, before);
    assert.equal(source.isPaused, true);
    assert.equal(sink.ended, false);
  });
});

describe("an observer", () => {
  /** An observer that records its calls, and the bytes written to the sink by then. */
  function observer(sink: FakeEnd): ByteObserver & { readonly log: string[] } {
    const log: string[] = [];
    return {
      log,
      passed: (direction, chunk, drained) => {
        log.push(`${direction} ${chunk.length} of ${sink.text.length}${drained ? "" : ", unsent"}`);
      },
      drained: (direction) => log.push(`${direction} drained`),
      ended: (direction) => log.push(`${direction} ended`),
    };
  }

  test("sees each block behind its write, when the sink has drained, and the end", () => {
    const { source, sink, flow } = scene(0);
    const seen = observer(sink);
    flow.observer = seen;
    source.send("abc");
    sink.setBusy(true);
    source.send("de");
    sink.setBusy(false);
    source.fin();
    assert.deepEqual(seen.log, ["up 3 of 3", "up 2 of 5, unsent", "up drained", "up ended"]);
  });

  test("makes blocks short, for it parses them; without it they are as long as the chunks again", async () => {
    const { source, sink, flow } = scene(0);
    const chunk = Buffer.alloc(10_000);
    flow.observer = observer(sink);
    source.send(chunk);
    await until(() => sink.text.length === 10_000, "all blocks");
    flow.observer = undefined;
    await until(() => !source.isPaused, "the source to be read again");
    source.send(chunk);
    assert.deepEqual(
      sink.written.map(({ text }) => text.length),
      [4096, 4096, 1808, 10_000],
    );
  });

  test("leaves chunks whole when it parses nothing", () => {
    const { source, sink, flow } = scene(0);
    flow.observer = { ...observer(sink), takesLongChunks: true };
    source.send(Buffer.alloc(10_000));
    assert.deepEqual(
      sink.written.map(({ text }) => text.length),
      [10_000],
    );
  });

  test("does not lengthen configured blocks", async () => {
    const { source, sink, flow } = scene(4);
    flow.observer = observer(sink);
    source.send("0123456789");
    await until(() => sink.text.length === 10, "all blocks");
    assert.equal(sink.written.length, 3);
  });

  test("sees a block before it reaches an intermediary, whose own observers come later", () => {
    const sink = Object.assign(new FakeEnd(), { intermediary: { view: hexView } });
    const { source, flow } = scene(0, 0, new FakeEnd(), sink);
    const seen = observer(sink);
    flow.observer = seen;
    source.send("abc");
    assert.deepEqual(seen.log, ["up 3 of 0"]);
  });

  test("sees the end of a flow that is stopped", () => {
    const { sink, flow } = scene(0);
    const seen = observer(sink);
    flow.observer = seen;
    flow.stop();
    assert.deepEqual(seen.log, ["up ended"]);
  });

  test("does not split a datagram, and sees an empty one", () => {
    const source = Object.assign(new FakeEnd(), { dropped: noneDropped() });
    const { sink, flow } = scene(0, 0, source);
    const seen = observer(sink);
    flow.observer = seen;
    source.send(Buffer.alloc(10_000), "");
    assert.deepEqual(seen.log, ["up 10000 of 10000", "up 0 of 10000"]);
    assert.equal(sink.written.length, 1);
  });

  test("sees the end behind blocks that waited", async () => {
    const { source, sink, flow } = scene(1, 1);
    const seen = observer(sink);
    flow.observer = seen;
    source.send("0123");
    source.fin();
    flow.finishAtOnce();
    flow.finishAtOnce();
    assert.equal(seen.log.at(-1), "up ended");
    assert.equal(seen.log.filter((line) => line === "up ended").length, 1);
    assert.equal(sink.text, "0123");
  });
});

test("a source that has ended is not read again when the sink has drained", () => {
  const { source, sink, flow } = scene(0);
  sink.setBusy(true);
  source.send("a");
  flow.finish();
  sink.setBusy(false);
  assert.deepEqual([sink.text, sink.ended, source.isPaused], ["a", true, true]);
});

test("a changed row in the socket table is progress of the sink's peer", () => {
  const { flow, clock } = scene(0);
  clock.advance(10);
  flow.backlogSeen({ unacknowledged: 5, unread: 0 });
  const first = clock.now();
  clock.advance(10);
  flow.backlogSeen({ unacknowledged: 5, unread: 0 });
  assert.deepEqual([flow.peerProgressAt, flow.unacknowledged, flow.isTaken], [first, 5, false]);
  flow.backlogSeen({ unacknowledged: 0, unread: 1 });
  assert.deepEqual([flow.peerProgressAt, flow.unacknowledged, flow.isTaken], [clock.now(), 0, false]);
  flow.backlogSeen({ unacknowledged: 0, unread: 0 });
  assert.equal(flow.isTaken, true);
});
