import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { ConnectionRegistry, type RegisteredConnection } from "#src/connection/connection-registry.js";
import { type ClientOrigin, sharedOrigin } from "#src/core/net/client-origin.js";
import type { ConnectionTraffic } from "#src/core/status/daemon-status.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { from } from "../support/origin.js";

/** A connection whose steps towards its end the test takes. */
class Steps {
  readonly id: string;
  readonly origin: ClientOrigin;
  isClientGone = false;
  isEndAnnounced = false;
  traffic: ConnectionTraffic = { received: 0, sent: 0 };
  isReset = false;

  readonly listener: string;

  constructor(id: string, origin: ClientOrigin, listener: string) {
    this.id = id;
    this.listener = listener;
    this.origin = origin;
  }

  get isFinished(): boolean {
    return this.isClientGone && this.isEndAnnounced;
  }
}

function fixture() {
  const budget = new DescriptorBudget(undefined);
  const registry = new ConnectionRegistry();
  let count = 0;
  const add = (origin: ClientOrigin, listener = "proxy port 2504") => {
    count += 1;
    const steps = new Steps(String(count), origin, listener);
    const connection = steps as unknown as RegisteredConnection;
    registry.add(connection, budget.takeReserved());
    const change = (change: Partial<Omit<Steps, "isFinished">>): void => {
      Object.assign(steps, change);
      registry.changed(connection);
    };
    return { connection, change };
  };
  return { budget, registry, add };
}

test("a client counts, and holds a descriptor, until its socket is gone; its connection may outlive it", () => {
  const { budget, registry, add } = fixture();
  const client = from("192.0.2.7");
  const [one, other] = [add(client), add(client)];
  add(sharedOrigin("mux port 1"));
  assert.deepEqual([registry.open, registry.openOf(client), budget.used], [3, 2, 3]);
  assert.equal(registry.openOf(sharedOrigin("mux port 1")), 0);
  one.change({ isClientGone: true });
  one.change({});
  assert.deepEqual([registry.open, registry.openOf(client), budget.used, registry.all().length], [2, 1, 2, 3]);
  one.change({ isEndAnnounced: true });
  assert.deepEqual(registry.all().includes(one.connection), false);
  other.change({ isEndAnnounced: true });
  assert.deepEqual(
    [registry.open, registry.all().length],
    [2, 2],
    "a client that has been told everything may still be there",
  );
});

test("traffic counts connections that are there and those that are finished, each once", () => {
  const { registry, add } = fixture();
  const [one, other] = [add(from("192.0.2.7")), add(from("192.0.2.8"))];
  one.change({ traffic: { received: 100, sent: 10, datagramsDropped: { slow: 1, foreign: 2, unsent: 3 } } });
  other.change({ traffic: { received: 1000, sent: 0 }, isReset: true });
  const total = {
    connections: 2,
    received: 1100,
    sent: 10,
    resets: 1,
    datagramsDropped: { slow: 1, foreign: 2, unsent: 3 },
  };
  assert.deepEqual(registry.traffic, total);
  one.change({ isClientGone: true, isEndAnnounced: true });
  one.change({});
  assert.deepEqual(registry.traffic, total);
  assert.equal(registry.all().length, 1);
});

test("each listener has its part of the traffic, of connections that are there and of those that are finished", () => {
  const { registry, add } = fixture();
  const [one, other] = [add(from("192.0.2.7"), "direct port 1"), add(from("192.0.2.8"), "direct port 2")];
  const third = add(from("192.0.2.8"), "direct port 1");
  one.change({ traffic: { received: 100, sent: 10 } });
  other.change({ traffic: { received: 1000, sent: 0 } });
  third.change({ traffic: { received: 1, sent: 2 } });
  const lines = {
    "direct port 1": { connections: 2, received: 101, sent: 12 },
    "direct port 2": { connections: 1, received: 1000, sent: 0 },
  };
  assert.deepEqual(registry.lines, lines);
  one.change({ isClientGone: true, isEndAnnounced: true });
  one.change({});
  assert.deepEqual(registry.lines, lines);
});

test("a slow reader of all connections meets none that is finished meanwhile, and none that came later", () => {
  const { registry, add } = fixture();
  const [first, second, third] = [add(from("192.0.2.1")), add(from("192.0.2.2")), add(from("192.0.2.3"))];
  const reader = registry.present[Symbol.iterator]();
  assert.equal(reader.next().value, first.connection);
  second.change({ isClientGone: true, isEndAnnounced: true });
  add(from("192.0.2.4"));
  assert.equal(reader.next().value, third.connection);
  assert.equal(reader.next().done, true);
});

test("the end waits until everybody has been told", async () => {
  const { registry, add } = fixture();
  const [one, other] = [add(from("192.0.2.7")), add(from("192.0.2.8"))];
  let calls = 0;
  registry.whenEndsAnnounced(() => {
    calls += 1;
  });
  one.change({ isEndAnnounced: true });
  await nextPass();
  assert.equal(calls, 0);
  other.change({ isClientGone: true });
  await nextPass();
  assert.equal(calls, 0, "a client that is gone does not stand for its plugin");
  other.change({ isEndAnnounced: true });
  await nextPass();
  assert.equal(calls, 1);
});

test("without connections everybody has been told", async () => {
  const { registry } = fixture();
  await new Promise<void>((resolve) => registry.whenEndsAnnounced(resolve));
});
