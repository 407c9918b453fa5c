import assert from "node:assert/strict";
import { test } from "node:test";
import { FailedRequests, type RequestFailure } from "#src/core/notify/failed-requests.js";

const FAILED: RequestFailure = { why: "status 500", isActionFault: true, isRepeated: true };

test("failures of an action count its connections, since the first one, with the last reason; the longest first", () => {
  const failed = new FailedRequests<{ action: string }>();
  const [one, two, other] = [{ action: "5/s/a" }, { action: "5/s/a" }, { action: "6/s/a" }];
  failed.failed(other, FAILED, 20);
  failed.failed(one, FAILED, 10);
  failed.failed(two, { ...FAILED, why: "status 501" }, 30);
  failed.failed(one, FAILED, 40);
  assert.deepEqual(failed.actions(50), [
    { action: "5/s/a", count: 2, ms: 40, why: "status 501", fault: "action" },
    { action: "6/s/a", count: 1, ms: 30, why: "status 500", fault: "action" },
  ]);
  failed.forget(one);
  assert.deepEqual(failed.actions(50)[1], { action: "5/s/a", count: 1, ms: 20, why: "status 501", fault: "action" });
});

test("what waits to be repeated is counted until it is sent again, taken, or dropped", () => {
  const failed = new FailedRequests<{ action: string }>();
  const [one, two, three] = [{ action: "a" }, { action: "b" }, { action: "c" }];
  for (const each of [one, two, one]) failed.failed(each, FAILED, 0);
  failed.failed(three, { ...FAILED, isRepeated: false }, 0);
  assert.equal(failed.repeated, 2);
  for (const each of [one, one, three]) failed.sentAgain(each);
  assert.equal(failed.repeated, 1);
  for (const each of [one, two, two]) failed.forget(each);
  assert.equal(failed.repeated, 0);
  assert.deepEqual(
    failed.actions(1).map(({ action }) => action),
    ["c"],
  );
});

test("a failure that is the engine's is no fault of the action, unless another one is", () => {
  const failed = new FailedRequests<{ action: string }>();
  failed.failed({ action: "a" }, { ...FAILED, isActionFault: false }, 0);
  assert.deepEqual(
    failed.actions(1).map(({ fault }) => fault),
    ["engine"],
  );
  failed.failed({ action: "a" }, FAILED, 0);
  failed.failed({ action: "a" }, { ...FAILED, isActionFault: false }, 0);
  assert.deepEqual(
    failed.actions(1).map(({ fault, count }) => [fault, count]),
    [["action", 3]],
  );
});
