import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientRequest } from "#src/mux/pending-request.js";
import { TimeLimit } from "#src/mux/time-limit.js";
import { ManualClock } from "../support/clock.js";
import { pass } from "../support/mux-parts.js";

function setUp(limitMs: number) {
  const clock = new ManualClock();
  const told: string[] = [];
  const begin = clock.now();
  const owner = {
    clock,
    limit: limitMs,
    limitMs: () => owner.limit,
    expired: (request: ClientRequest) => void told.push(`${nameOf(request)} at ${clock.now() - begin}`),
    done: () => void told.push("done"),
  };
  const limit = new TimeLimit(owner);
  const add = (name: string): ClientRequest => {
    const request = { name, since: clock.now() } as unknown as ClientRequest;
    limit.add(request);
    return request;
  };
  return { clock, limit, told, add, owner };
}

function nameOf(request: ClientRequest): string {
  return (request as unknown as { readonly name: string }).name;
}

test("each request expires when its own time is over, and one timer serves all", async () => {
  const { clock, told, add } = setUp(1000);
  add("a");
  await pass(clock, 300);
  add("b");
  add("c");
  assert.equal(clock.pending, 1);
  await pass(clock, 2000);
  assert.deepEqual(told, ["a at 1000", "done", "b at 1300", "c at 1300", "done"]);
  assert.equal(clock.pending, 0);
});

test("an answered request does not expire", async () => {
  const { clock, limit, told, add } = setUp(1000);
  const a = add("a");
  await pass(clock, 500);
  add("b");
  limit.remove(a);
  limit.remove(a);
  await pass(clock, 2000);
  assert.deepEqual(told, ["done", "b at 1500", "done"]);
});

test("a shorter limit after a reload holds for requests that wait already, from the next look on", async () => {
  const { clock, told, add, owner } = setUp(1000);
  add("a");
  await pass(clock, 900);
  add("b");
  owner.limit = 200;
  await pass(clock, 1000);
  assert.deepEqual(told, ["a at 1000", "done", "b at 1100", "done"]);
});

test("a longer limit after a reload holds for requests that wait already", async () => {
  const { clock, told, add, owner } = setUp(1000);
  add("a");
  owner.limit = 3000;
  await pass(clock, 2999);
  assert.deepEqual(told, ["done"]);
  await pass(clock, 1);
  assert.deepEqual(told, ["done", "a at 3000", "done"]);
});

test("a stopped limit expires nothing", async () => {
  const { clock, limit, told, add } = setUp(1000);
  add("a");
  limit.stop();
  await pass(clock, 5000);
  assert.deepEqual(told, []);
});
