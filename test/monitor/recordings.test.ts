import assert from "node:assert/strict";
import { test } from "node:test";
import type { Direction } from "#src/core/decode/direction.js";
import { RELAYED, SERVER_SIDE } from "#src/core/monitor/hops.js";
import type { View } from "#src/core/monitor/view.js";
import { conbusView } from "#src/core/monitor/views/conbus-view.js";
import { hexView } from "#src/core/monitor/views/hex-view.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import type { WatchFilter } from "#src/core/setup/watch-request.js";
import { Times } from "#src/log/times.js";
import { Recordings } from "#src/monitor/recordings.js";
import type { TracedStream } from "#src/monitor/traced-stream.js";
import type { ByteObserver } from "#src/sockets/byte-observer.js";
import { ManualClock } from "../support/clock.js";

const ONE = "<S0000000000F01D00FA>";
const ALL: WatchFilter = { kind: "all" };

/** Recordings, and streams that a test lets begin. */
function fixture() {
  const clock = new ManualClock();
  const recordings = new Recordings(clock, new Times("utc"));
  let count = 0;
  const begin = (more: Partial<TracedStream> = {}, observer?: ByteObserver) => {
    count += 1;
    const point = { observer };
    const source = { connection: `c${count}`, listener: 5020, server: "s:1" };
    const stream: TracedStream = { source, options: DEFAULT_OPTIONS, hops: RELAYED, point, ...more };
    recordings.add(stream);
    const pass = (text: string, direction: Direction = "up"): void => {
      point.observer?.passed(direction, Buffer.from(text), true);
      clock.advance(1);
    };
    return { point, pass };
  };
  const lines = (filter = ALL, view: View = conbusView, last = 100): Record<string, unknown>[] =>
    recordings.lines({ filter, format: ["json"], count: last, viewOf: () => view }).map((line) => JSON.parse(line));
  const messages = (...args: Parameters<typeof lines>): unknown[] =>
    lines(...args).map(({ connection, direction, message }) => `${connection} ${direction} ${message}`);
  return { clock, recordings, begin, lines, messages };
}

test("what has passed is shown once more, with its times, in its order over all streams", () => {
  const { begin, lines, messages } = fixture();
  const [one, other] = [begin({ hops: SERVER_SIDE }), begin()];
  one.pass(ONE.slice(0, 8));
  other.pass(ONE, "down");
  one.pass(ONE.slice(8));
  assert.deepEqual(messages(), [`c2 SERVER→PROXY ${ONE}`, `c2 PROXY→CLIENT ${ONE}`, `c1 PROXY→SERVER ${ONE}`]);
  assert.deepEqual(
    lines().map(({ time }) => String(time).slice(-5)),
    [".001Z", ".001Z", ".002Z"],
  );
  assert.deepEqual(messages({ kind: "connection", id: "c1" }), [`c1 PROXY→SERVER ${ONE}`]);
  assert.deepEqual(messages(ALL, conbusView, 1), [`c1 PROXY→SERVER ${ONE}`]);
  assert.deepEqual(messages({ kind: "listener", port: 1 }), []);
});

test("of each stream the last 16 blocks stay, and of a long one its beginning", () => {
  const { begin, lines } = fixture();
  const { pass } = begin({ hops: SERVER_SIDE });
  for (let number = 10; number < 40; number += 1) pass(String(number));
  const shown = lines(ALL, hexView).map(({ message }) => String(message).split("|")[1]?.trim());
  assert.equal(shown.length, 16);
  assert.deepEqual([shown[0], shown.at(-1)], ["24", "39"]);
  pass("x".repeat(700));
  pass("next");
  const [cut, next] = lines(ALL, hexView).slice(-2);
  assert.equal(cut?.["notLookedAt"], 188);
  assert.match(String(next?.["message"]), /next/);
});

test("a link to a shared device says who asked then; a stream that is over is known until others need its place", () => {
  const { begin, lines, messages } = fixture();
  let client: string | undefined = "192.0.2.7:1";
  const source = {
    ...{ connection: "5020/1", listener: 5020, server: "s:1", isShared: true as const },
    get client() {
      return client;
    },
  };
  const { pass, point } = begin({ source, hops: SERVER_SIDE });
  pass(ONE);
  client = "192.0.2.8:2";
  pass(ONE, "down");
  point.observer?.ended("up");
  assert.ok(point.observer !== undefined, "one side may still send");
  point.observer.ended("down");
  assert.equal(point.observer, undefined, "nothing keeps the connection in memory");
  client = undefined;
  assert.deepEqual(
    lines().map(({ client: asker }) => asker),
    ["192.0.2.7:1", "192.0.2.8:2"],
  );
  const alive = begin();
  alive.pass(ONE);
  for (let count = 0; count < 255; count += 1) begin();
  assert.deepEqual(messages({ kind: "connection", id: "5020/1" }), [], "it has made room first");
  assert.equal(messages({ kind: "connection", id: "c2" }).length, 2);
  begin();
  assert.equal(alive.point.observer, undefined, "then the oldest one");
  assert.deepEqual(messages(), []);
});

test("whoever watches a stream goes on, whatever becomes of its recording", () => {
  const { recordings, begin } = fixture();
  const told: string[] = [];
  const tap: ByteObserver = {
    passed: (direction, chunk) => void told.push(`${direction} ${chunk}`),
    drained: (direction) => void told.push(`${direction} drained`),
    ended: (direction) => void told.push(`${direction} ended`),
  };
  const { point, pass } = begin({}, tap);
  const over = begin({}, tap);
  assert.equal(point.observer?.takesLongChunks, false);
  assert.equal(begin().point.observer?.takesLongChunks, true);
  pass("1");
  recordings.close();
  assert.equal(point.observer, tap);
  pass("2");
  assert.deepEqual(told, ["up 1", "up 2"]);
  assert.equal(over.point.observer, tap);
});
