import assert from "node:assert/strict";
import { test } from "node:test";
import type { FormatWord } from "#src/core/monitor/format.js";
import type { TraceEvent } from "#src/core/monitor/trace-event.js";
import { timeOfDay } from "#src/log/time-of-day.js";
import { LineQueue } from "#src/monitor/line-queue.js";
import { RenderedEvent, Subscriber } from "#src/monitor/subscriber.js";
import { ManualClock } from "../support/clock.js";

const EPOCH_MS = 1_600_000_000_123;
const SOURCE = { connection: "1a2b", listener: 1, server: "s:1" };

/** An event that counts how often its message is put into a line. */
function counted(): { readonly event: TraceEvent; readonly count: () => number } {
  let lines = 0;
  const message = {
    view: "line",
    get text() {
      lines += 1;
      return "hello";
    },
  };
  return { event: { kind: "message", source: SOURCE, hop: "CLIENT→PROXY", message }, count: () => lines };
}

test("an event is put into a line once for each format", () => {
  const { event, count } = counted();
  const rendered = new RenderedEvent(event, EPOCH_MS);
  const formats: FormatWord[][] = [[], ["id"], ["json"], [], ["id"], ["json"]];
  const [plain, id, json = "", ...again] = formats.map((format) => rendered.line(format));
  assert.equal(plain, `${timeOfDay(EPOCH_MS)} [CLIENT→PROXY] hello`);
  assert.equal(id, `${timeOfDay(EPOCH_MS)} [CLIENT→PROXY] 1a2b hello`);
  assert.equal(JSON.parse(json).time, new Date(EPOCH_MS).toISOString());
  assert.deepEqual(again, [plain, id, json]);
  assert.equal(count(), 3);
});

test("subscribers of one queue get their own formats, and count what they skip in it", () => {
  const clock = new ManualClock();
  let text = "";
  const queue = new LineQueue((batch, done) => {
    text += batch;
    done();
  }, clock);
  const [plain, json] = [new Subscriber(queue, ["decode"]), new Subscriber(queue, ["json"])];
  assert.deepEqual([plain.decodes, json.decodes], [true, false]);
  const event = new RenderedEvent(counted().event, EPOCH_MS);
  plain.show(event);
  json.show(event);
  json.skip(2);
  clock.advance(100);
  const [first = "", second = "", gap] = text.split("\n");
  assert.match(first, / hello$/);
  assert.equal(JSON.parse(second).message, "hello");
  assert.equal(gap, '{"notShown":2}');
  assert.equal(queue.lost, 2);
});

test("it is full when its queue is", () => {
  const queue = new LineQueue(() => {}, new ManualClock(), 100);
  const subscriber = new Subscriber(queue, []);
  assert.equal(subscriber.full, false);
  subscriber.show(new RenderedEvent(counted().event, EPOCH_MS));
  assert.equal(subscriber.full, true);
});
