import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairRequestQueue } from "#src/core/notify/fair-request-queue.js";

interface Asked {
  readonly device: number;
  readonly name: string;
}

function asked(device: number, count: number): Asked[] {
  return Array.from({ length: count }, (_, n) => ({ device, name: `${device}.${n}` }));
}

/** All that can begin now. */
function begun(requests: FairRequestQueue<Asked>): Asked[] {
  const list: Asked[] = [];
  for (let next = requests.startNext(); next !== undefined; next = requests.startNext()) list.push(next);
  return list;
}

test("devices take turns, each has its own in order", () => {
  const requests = new FairRequestQueue<Asked>(64);
  for (const each of [...asked(1, 3), ...asked(2, 2), ...asked(3, 1)]) requests.push(each);
  assert.deepEqual(
    begun(requests).map(({ name }) => name),
    ["1.0", "2.0", "3.0", "1.1", "2.1", "1.2"],
  );
});

test("of one device 16, of devices with some under way 32 together, in all as many as may be", () => {
  const requests = new FairRequestQueue<Asked>(64);
  const [first, second, third] = [asked(1, 40), asked(2, 40), asked(3, 40)];
  for (const each of first) requests.push(each);
  assert.equal(begun(requests).length, 16);
  for (const each of [...second, ...third]) requests.push(each);
  assert.deepEqual([begun(requests).length, requests.inFlight], [16, 32]);
  for (let device = 4; device < 100; device += 1) requests.push({ device, name: "" });
  assert.deepEqual([begun(requests).length, requests.inFlight], [32, 64]);
});

test("what is forgotten does not begin; what has ended makes room", () => {
  const requests = new FairRequestQueue<Asked>(2);
  const [one, two, three, four] = asked(1, 4) as [Asked, Asked, Asked, Asked];
  for (const each of [one, two, three, four]) requests.push(each);
  assert.deepEqual(begun(requests), [one, two]);
  requests.delete(three);
  requests.delete(one); // under way already
  assert.equal(requests.waiting, 1);
  requests.finished(one);
  assert.deepEqual(begun(requests), [four]);
  for (const each of [two, four]) requests.finished(each);
  assert.deepEqual([requests.waiting, requests.inFlight], [0, 0]);
});

test("whatever comes and goes: every request begins once or is forgotten, and the counts are right", () => {
  const step = fc.record({
    kind: fc.constantFrom("push", "push", "delete", "begin", "end"),
    pick: fc.nat(),
    device: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const requests = new FairRequestQueue<Asked>(5);
      const waiting = new Set<Asked>();
      const underWay = new Set<Asked>();
      const pickOf = (set: Set<Asked>, pick: number): Asked | undefined => [...set][pick % set.size];
      for (const { kind, pick, device } of steps) {
        const request = { device, name: "" };
        if (kind === "push") {
          requests.push(request);
          waiting.add(request);
        } else if (kind === "delete") {
          const gone = pickOf(waiting, pick);
          if (gone !== undefined) requests.delete(gone);
          if (gone !== undefined) waiting.delete(gone);
        } else if (kind === "begin") {
          const next = requests.startNext();
          assert.equal(next === undefined, waiting.size === 0 || underWay.size === 5);
          if (next !== undefined) assert.ok(waiting.delete(next));
          if (next !== undefined) underWay.add(next);
        } else {
          const over = pickOf(underWay, pick);
          if (over !== undefined) requests.finished(over);
          if (over !== undefined) underWay.delete(over);
        }
        assert.deepEqual([requests.waiting, requests.inFlight], [waiting.size, underWay.size]);
      }
    }),
  );
});
