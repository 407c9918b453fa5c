import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairRequestQueue } from "#src/core/notify/fair-request-queue.js";

interface NamedRequest {
  readonly device: number;
  readonly name: string;
}

function requestsFor(device: number, count: number): NamedRequest[] {
  return Array.from({ length: count }, (_, n) => ({ device, name: `${device}.${n}` }));
}

/** Starts all requests that may start now. */
function startAll(requests: FairRequestQueue<NamedRequest>): NamedRequest[] {
  const list: NamedRequest[] = [];
  for (let next = requests.startNext(); next !== undefined; next = requests.startNext()) list.push(next);
  return list;
}

test("devices take turns; the requests of one device keep their order", () => {
  const requests = new FairRequestQueue<NamedRequest>(64);
  for (const each of [...requestsFor(1, 3), ...requestsFor(2, 2), ...requestsFor(3, 1)]) requests.push(each);
  assert.deepEqual(
    startAll(requests).map(({ name }) => name),
    ["1.0", "2.0", "3.0", "1.1", "2.1", "1.2"],
  );
});

test("at most 16 requests of one device are in flight, 32 of busy devices, and the limit of the queue in all", () => {
  const requests = new FairRequestQueue<NamedRequest>(64);
  const [first, second, third] = [requestsFor(1, 40), requestsFor(2, 40), requestsFor(3, 40)];
  for (const each of first) requests.push(each);
  assert.equal(startAll(requests).length, 16);
  for (const each of [...second, ...third]) requests.push(each);
  assert.deepEqual([startAll(requests).length, requests.inFlight], [16, 32]);
  for (let device = 4; device < 100; device += 1) requests.push({ device, name: "" });
  assert.deepEqual([startAll(requests).length, requests.inFlight], [32, 64]);
});

test("a deleted request does not start; a finished one makes room", () => {
  const requests = new FairRequestQueue<NamedRequest>(2);
  const [one, two, three, four] = requestsFor(1, 4) as [NamedRequest, NamedRequest, NamedRequest, NamedRequest];
  for (const each of [one, two, three, four]) requests.push(each);
  assert.deepEqual(startAll(requests), [one, two]);
  requests.delete(three);
  requests.delete(one); // in flight: nothing to delete
  assert.equal(requests.waiting, 1);
  requests.finished(one);
  assert.deepEqual(startAll(requests), [four]);
  for (const each of [two, four]) requests.finished(each);
  assert.deepEqual([requests.waiting, requests.inFlight], [0, 0]);
});

test("for any order of events each request starts once or is deleted, and the counts are right", () => {
  const step = fc.record({
    kind: fc.constantFrom("push", "push", "delete", "start", "finish"),
    pick: fc.nat(),
    device: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const requests = new FairRequestQueue<NamedRequest>(5);
      const waiting = new Set<NamedRequest>();
      const inFlight = new Set<NamedRequest>();
      const pickOf = (set: Set<NamedRequest>, pick: number): NamedRequest | undefined => [...set][pick % set.size];
      for (const { kind, pick, device } of steps) {
        const request = { device, name: "" };
        if (kind === "push") {
          requests.push(request);
          waiting.add(request);
        } else if (kind === "delete") {
          const gone = pickOf(waiting, pick);
          if (gone !== undefined) requests.delete(gone);
          if (gone !== undefined) waiting.delete(gone);
        } else if (kind === "start") {
          const next = requests.startNext();
          assert.equal(next === undefined, waiting.size === 0 || inFlight.size === 5);
          if (next !== undefined) assert.ok(waiting.delete(next));
          if (next !== undefined) inFlight.add(next);
        } else {
          const over = pickOf(inFlight, pick);
          if (over !== undefined) requests.finished(over);
          if (over !== undefined) inFlight.delete(over);
        }
        assert.deepEqual([requests.waiting, requests.inFlight], [waiting.size, inFlight.size]);
      }
    }),
  );
});

test("clear removes the waiting requests; those in flight still count until they finish", () => {
  const requests = new FairRequestQueue<NamedRequest>(1);
  const [first, second] = requestsFor(1, 2) as [NamedRequest, NamedRequest];
  for (const each of [first, second, ...requestsFor(2, 3)]) requests.push(each);
  assert.equal(requests.startNext(), first);
  requests.clear();
  assert.deepEqual([requests.waiting, requests.inFlight], [0, 1]);
  requests.push(second);
  assert.equal(requests.startNext(), undefined);
  requests.finished(first);
  assert.equal(requests.startNext(), second);
});
