import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import { EventBus } from "#src/events/event-bus.js";
import { EventFeed } from "#src/web/event-feed.js";
import { ManualClock } from "../support/clock.js";

/** A reader that takes what it is written when the test says so. */
class Reader extends EventEmitter {
  text = "";
  writableLength = 0;
  isEnded = false;

  write(chunk: string | Buffer): boolean {
    this.text += chunk.toString();
    this.writableLength += chunk.length;
    return false;
  }

  end(): void {
    this.isEnded = true;
  }

  /** Takes what waits; returns it. */
  take(): string {
    const { text } = this;
    this.text = "";
    this.writableLength = 0;
    this.emit("drain");
    return text;
  }

  /** The numbers of the events that it has got. */
  get numbers(): number[] {
    return [...this.text.matchAll(/^id: \w+-(\d+)$/gm)].map(([, number]) => Number(number));
  }
}

function scene() {
  const [bus, clock] = [new EventBus(), new ManualClock()];
  const feed = new EventFeed(bus, clock);
  const open = (lastId?: string) => {
    const reader = new Reader();
    const stream = feed.open(reader as unknown as ServerResponse, {}, lastId);
    return { reader, stream };
  };
  const publish = (text = "x"): void => {
    const event: GatewayEvent = {
      ...{
        event: "connected",
        time: "2026-11-30T07:00:00.000Z",
        pid: "p1",
        listener: 8125,
        remote: "a:1",
        client: "b:2",
      },
      text,
    };
    bus.publish(event);
  };
  return { bus, clock, feed, open, publish };
}

test("a reader that takes nothing misses events, and a comment says how many as soon as it takes some", async () => {
  const { feed, open, publish } = scene();
  const [slow, quick] = [open().reader, open().reader];
  let got = 0;
  for (let count = 0; count < 600; count += 1) {
    publish("x".repeat(400));
    await nextPass();
    got += quick.numbers.length;
    quick.take();
  }
  const before = slow.numbers.length;
  assert.ok(before > 200 && before < 600 && slow.text.length < 200_000, `${before}`);
  assert.deepEqual(feed.status, { readers: 2, leftOut: 600 - before });
  slow.take();
  await nextPass();
  assert.equal(slow.text, `: ${600 - before} events left out\n\n`);
  publish();
  await nextPass();
  assert.deepEqual([slow.numbers, got], [[601], 600]);
});

test("a heartbeat comes every 15 s, unless bytes wait to be read", () => {
  const { clock, open } = scene();
  const { reader, stream } = open();
  reader.take();
  clock.advance(15_000);
  assert.equal(reader.take(), ":\n\n");
  clock.advance(15_000);
  clock.advance(15_000);
  assert.equal(reader.take(), ":\n\n");
  stream.close();
  clock.advance(60_000);
  assert.deepEqual([reader.take(), reader.isEnded], ["", true]);
});

test("whoever comes back gets what it has missed, and the number of what is not kept; events of another run are unknown", async () => {
  const { open, publish } = scene();
  const first = open();
  for (let count = 0; count < 3; count += 1) publish();
  await nextPass();
  const [, run = ""] = /^id: (\w+)-1$/m.exec(first.reader.text) ?? [];
  first.stream.leave();
  publish();
  const back = open(`${run}-2`).reader;
  await nextPass();
  assert.deepEqual(back.numbers, [3, 4]);
  for (let count = 0; count < 1100; count += 1) publish();
  const late = open(`${run}-2`).reader;
  await nextPass();
  assert.match(late.text, /\n\n: 102 events left out\n\nid: \w+-105\n/);
  for (const id of [`${run}-9999`, "other-2", "", "-", `${run}-x`, `${run}-1e3`]) {
    const { reader } = open(id);
    await nextPass();
    assert.deepEqual(reader.numbers, [], id);
  }
});

test("nothing is asked for before the first reader, and a minute after the last one", () => {
  const { bus, clock, open } = scene();
  assert.equal(bus.wanted, false);
  const one = open();
  one.stream.leave();
  clock.advance(59_000);
  const other = open();
  clock.advance(60_000);
  assert.equal(bus.wantsConnections, true);
  other.stream.leave();
  clock.advance(60_000);
  assert.equal(bus.wanted, false);
});
