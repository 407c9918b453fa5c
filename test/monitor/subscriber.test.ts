import assert from "node:assert/strict";
import { test } from "node:test";
import type { LineWord } from "#src/core/monitor/format.js";
import type { TraceEvent } from "#src/core/monitor/trace-event.js";
import { Times } from "#src/log/times.js";
import { LineQueue } from "#src/monitor/line-queue.js";
import { RenderedEvent, Subscriber } from "#src/monitor/subscriber.js";
import { ManualClock } from "../support/clock.js";

const EPOCH_MS = 1_600_000_000_123;
const TIMES = new Times();
const SOURCE = { connection: "1a2b", listener: 1, client: "192.168.1.7:54222", server: "s:1" };

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
  const rendered = new RenderedEvent(event, EPOCH_MS, TIMES);
  const formats: LineWord[][] = [[], ["id"], ["json"], [], ["id"], ["json"]];
  const [plain, id, json = "", ...again] = formats.map((format) => rendered.line(format));
  assert.equal(plain, `${TIMES.ofDay(EPOCH_MS)} [CLIENT→PROXY] hello`);
  assert.equal(id, `${TIMES.ofDay(EPOCH_MS)} [CLIENT→PROXY] 1a2b hello`);
  assert.equal(JSON.parse(json).time, TIMES.iso(EPOCH_MS));
  assert.deepEqual(again, [plain, id, json]);
  assert.equal(count(), 3);
});

test("a line of an audit file has the date, the connection and its client, in JSON, too", () => {
  const { event } = counted();
  const rendered = new RenderedEvent(event, EPOCH_MS, TIMES);
  const time = TIMES.iso(EPOCH_MS);
  assert.equal(rendered.line(["audit"]), `${time} [CLIENT→PROXY] 1a2b ${SOURCE.client} hello`);
  assert.equal(rendered.line(["audit", "id", "client"]), rendered.line(["audit"]));
  const { connection, client, time: jsonTime } = JSON.parse(rendered.line(["audit", "json"]));
  assert.deepEqual([connection, client, jsonTime], [SOURCE.connection, SOURCE.client, time]);
  const opened: TraceEvent = { kind: "connection", source: SOURCE, event: "CONNECT", text: "to s:1" };
  assert.equal(
    new RenderedEvent(opened, EPOCH_MS, TIMES).line(["audit"]),
    `${time} [CONNECT] 1a2b ${SOURCE.client} to s:1`,
  );
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
  const event = new RenderedEvent(counted().event, EPOCH_MS, TIMES);
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
  subscriber.show(new RenderedEvent(counted().event, EPOCH_MS, TIMES));
  assert.equal(subscriber.full, true);
});
