import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type DirectRoute, parseDirectRoute } from "#src/core/direct/direct-line.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { DialError, NO_MORE_FILES } from "#src/dial/dial-error.js";
import { UpstreamGroup } from "#src/direct/upstream-group.js";
import { Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";

const CLIENT = sharedOrigin("client");

async function setUp(t: TestContext, options: string, count = 3, settings = {}) {
  const here = servicesHere(t, settings);
  const devices: Device[] = [];
  for (let index = 0; index < count; index += 1) devices.push(await Device.open());
  t.after(() => {
    for (const device of devices) device.close();
  });
  const route = (more: string): DirectRoute => {
    const parsed = parseDirectRoute(`${devices.map(({ port }) => `127.0.0.1:${port}`).join(",")} ${more}`);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  };
  const group = new UpstreamGroup({ port: 10_001, route: route(options) }, here.generation.context);
  t.after(() => group.stop());
  /** Connects a client; returns the index of its server and how to end it. */
  const connect = async (): Promise<{ readonly index: number; readonly end: () => void }> => {
    const dial = group.dial(CLIENT);
    const end = await dial.end;
    return {
      index: devices.findIndex(({ port }) => port === end.peerPort),
      end: () => {
        end.destroy();
        dial.serverLease?.release();
      },
    };
  };
  return { ...here, ...{ devices, route, group, connect } };
}

test("first: the first server in the list that is up", async (t) => {
  const { devices, group, connect } = await setUp(t, "BALA=first HLTH=0");
  assert.deepEqual([(await connect()).index, (await connect()).index], [0, 0]);
  devices[0]?.stopListening();
  assert.equal((await connect()).index, 1);
  assert.deepEqual(
    group.status.servers.map(({ state, active, total, failures }) => [state, active, total, failures]),
    [
      ["down", 2, 2, 1],
      ["up", 1, 1, 0],
      ["up", 0, 0, 0],
    ],
  );
  assert.equal(group.status.servers[0]?.reason, "connection refused");
});

test("round: each server in its turn", async (t) => {
  const { connect } = await setUp(t, "BALA=round HLTH=0");
  const order = [];
  for (let count = 0; count < 5; count += 1) order.push((await connect()).index);
  assert.deepEqual(order, [0, 1, 2, 0, 1]);
});

test("least: the server with the fewest clients, those that are being connected included", async (t) => {
  const { group, connect } = await setUp(t, "BALA=least HLTH=0");
  const clients = await Promise.all([connect(), connect(), connect()]);
  assert.deepEqual(clients.map(({ index }) => index).sort(), [0, 1, 2]);
  clients.find(({ index }) => index === 2)?.end();
  assert.equal((await connect()).index, 2);
  assert.deepEqual(
    group.status.servers.map(({ active }) => active),
    [1, 1, 1],
  );
});

test("a reload keeps what is known of the servers, and applies its options", async (t) => {
  const { devices, route, group, connect, generation } = await setUp(t, "BALA=first HLTH=0");
  devices[0]?.stopListening();
  await connect();
  group.configure(route("BALA=least HLTH=0"), generation.context);
  assert.deepEqual([group.status.balance, group.status.servers[0]?.state], ["least", "down"]);
  assert.equal((await connect()).index, 2);
});

test("a line without descriptors left connects nobody", async (t) => {
  const { group, services } = await setUp(t, "HLTH=0");
  while (services.descriptors.take() !== undefined);
  await assert.rejects(
    group.dial(CLIENT).end,
    (error: unknown) => error instanceof DialError && error.message === NO_MORE_FILES,
  );
});

for (const [what, count, options, settings, checks] of [
  ["several servers are checked", 2, "HLTH=10", {}, 2],
  ["HLTH=0: no checks", 2, "HLTH=0", {}, 0],
  ["the only server of a line may take one connection: it is not checked", 1, "HLTH=10", {}, 0],
] as const) {
  test(what, async (t) => {
    const { clock } = await setUp(t, options, count, settings);
    assert.equal(clock.pending, checks);
  });
}

test("with alerts, the only server is checked while it is down", async (t) => {
  const { clock, devices, group, services } = await setUp(t, "HLTH=10", 1, { alertUrl: "http://127.0.0.1:1/" });
  t.after(() => services.alerts.close());
  const before = clock.pending;
  devices[0]?.stopListening();
  await assert.rejects(group.dial(CLIENT).end);
  assert.equal(group.status.servers[0]?.state, "down");
  assert.ok(clock.pending > before);
});
