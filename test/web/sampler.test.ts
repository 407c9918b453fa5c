import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "#src/core/status/histogram.js";
import type { ReadStatus } from "#src/core/web/history/readings.js";
import { Times } from "#src/log/times.js";
import { Sampler } from "#src/web/sampler.js";
import { ManualClock } from "../support/clock.js";
import { gathered } from "../support/gathered.js";
import { muxStatus } from "../support/mux-status.js";
import { until } from "../support/wait.js";

async function fixture() {
  const clock = new ManualClock();
  const answer = new Histogram();
  const counts = { received: 0, requests: 0, sumMs: 0 };
  const context = {
    ...{ clock, log: { times: new Times("utc"), error: assert.fail } },
    status: () =>
      gathered({
        traffic: { received: counts.received, sent: 0 },
        listeners: [
          { kind: "direct", name: "direct port 1" },
          { kind: "web", name: "web port 2" },
        ],
        directs: [{ port: 1, standing: { received: counts.received, sent: 0 } }, { port: 2 }],
        lines: { "proxy port 2504": { connections: 1, received: counts.received, sent: 0 } },
        muxes: [muxStatus({ requests: counts.requests, responses: { count: counts.requests, sumMs: counts.sumMs } })],
        tunnels: [],
        devices: [
          { server: "s:1", received: counts.received, sent: 0 },
          { server: "s:1", received: counts.received, sent: 0 },
        ],
        notifications: { sent: 0, failed: 0, waiting: 3, delay: new Histogram().status, answer: answer.status },
        connections: [{ phase: "echo" }, { phase: "closing" }],
      } as unknown as ReadStatus),
  };
  const sampler = new Sampler({ ...context, reporter: context });
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await until(() => clock.pending === 1, "the counters to be read");
  };
  await advance(0);
  const read = (since = 0) => {
    const json = JSON.parse([...sampler.json(since)].join(""));
    const points = (of: string, what: string, id?: string): (number | null)[] =>
      json.series.find(
        (series: Record<string, string>) =>
          series["of"] === of && series["what"] === what && (id === undefined || series["id"] === id),
      )?.points;
    return { json, points };
  };
  return { clock, answer, counts, sampler, read, advance };
}

test("every ten seconds there is a point more of each quantity", async () => {
  const { answer, counts, read, advance } = await fixture();
  await advance(10_000);
  Object.assign(counts, { received: 500, requests: 20, sumMs: 100 });
  answer.add(40);
  answer.add(60);
  await advance(9_999);
  assert.equal(read().json.next, 1);
  await advance(1);
  const { json, points } = read();
  assert.deepEqual([json.stepSeconds, json.first, json.next], [10, 0, 2]);
  assert.equal(json.endedAt, "2020-09-13T12:27:01.000Z");
  assert.deepEqual(points("daemon", "received"), [0, 50]);
  assert.deepEqual(points("daemon", "connections"), [1, 1]);
  assert.deepEqual(points("line", "received", "proxy port 2504"), [0, 50]);
  assert.deepEqual(points("line", "received", "direct port 1"), [0, 0]);
  assert.equal(points("line", "received", "web port 2"), undefined);
  assert.deepEqual(points("mux", "requests"), [0, 2]);
  assert.deepEqual(points("mux", "response"), [null, 5]);
  assert.deepEqual(points("device", "received"), [0, 100]);
  assert.deepEqual(points("standing", "received", "1"), [0, 50]);
  assert.deepEqual(points("notifications", "answer"), [null, 50]);
  assert.deepEqual(points("notifications", "waiting"), [3, 3]);
  assert.deepEqual(read(1).points("mux", "requests"), [2]);
});

test("a process that stood still goes on at the right step; closed, it has no timer", async () => {
  const { clock, counts, sampler, read, advance } = await fixture();
  clock.standStill(34_000);
  counts.received = 3400;
  await advance(0);
  assert.deepEqual(read().points("daemon", "received"), [100, 100, 100]);
  await advance(6_000);
  assert.equal(read().json.next, 4);
  assert.equal(clock.pending, 1);
  sampler.close();
  assert.equal(clock.pending, 0);
});
