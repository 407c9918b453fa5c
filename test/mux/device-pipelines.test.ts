import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionPool } from "#src/mux/connection-pool.js";
import type { DeviceConnection } from "#src/mux/device-connection.js";
import type { DeviceConnectionEvents } from "#src/mux/device-connection-events.js";
import { DevicePipelines } from "#src/mux/device-pipelines.js";
import type { MuxLog } from "#src/mux/mux-log.js";
import { type ClientRequest, PendingRequest } from "#src/mux/pending-request.js";
import type { RequestPipeline } from "#src/mux/request-pipeline.js";
import { ManualClock } from "../support/clock.js";
import { readPdu } from "../support/modbus.js";
import { modbusMessage, muxRoute, registerPdu, requestOf, TestConnection } from "../support/mux-parts.js";

const ANY = requestOf(muxRoute("PROT=modbus").mux.protocol, modbusMessage(1, readPdu(1)));

/** Pipelines whose pool and mux are the test. */
function setUp(options = "PROT=modbus POOL=2 PIPE=2") {
  const told: string[] = [];
  const { mux } = muxRoute(options);
  const state = { isNeeded: true };
  const nameOf = (connection: unknown): string => (connection === first.connection ? "first" : "second");
  const close =
    (how: string) =>
    (connection: DeviceConnection, reason: string): void =>
      void told.push(`${how} ${nameOf(connection)}: ${reason}`);
  const pool = {
    open: () => void told.push("open"),
    markResponsive: (connection: unknown) => void told.push(`${nameOf(connection)} is responsive`),
    wasTurnedAway: () => false,
    ...{ fail: close("fail"), retire: close("retire"), replace: close("replace") },
  };
  const pipelines = new DevicePipelines({
    clock: new ManualClock(),
    pool: pool as unknown as ConnectionPool,
    log: { fault: (error: unknown) => void told.push(`fault: ${error}`) } as unknown as MuxLog,
    options: () => mux,
    isNeeded: () => state.isNeeded,
    isAwaited: () => false,
    ready() {},
    requests: {
      answer() {},
      completed: () => void told.push("completed"),
      failed: (_pending, why) => void told.push(`failed: ${why}`),
      withdrawn: (_pending, reason) => void told.push(`withdrawn: ${reason}`),
      event() {},
      unsolicited: (text) => void told.push(`unsolicited: ${text}`),
    },
  });
  const connect = (): { connection: TestConnection; key: DeviceConnection; events: DeviceConnectionEvents } => {
    const connection = new TestConnection();
    const key = connection as unknown as DeviceConnection;
    return { connection, key, events: pipelines.eventsOf(key) };
  };
  const first = connect();
  const second = connect();
  const send = (pipeline: RequestPipeline | undefined): void => {
    const request = requestOf(mux.protocol, modbusMessage(1, readPdu(1)));
    pipeline?.send(new PendingRequest({ request, client: { name: "" } } as unknown as ClientRequest));
  };
  return { pipelines, first, second, send, told, state };
}

test("a request goes to the established connection with the fewest outstanding", () => {
  const { pipelines, first, second, send } = setUp();
  assert.equal(pipelines.freeFor(ANY), undefined);
  first.events.ready();
  send(pipelines.freeFor(ANY));
  second.events.ready();
  assert.equal(pipelines.freeFor(ANY), pipelines.of(second.key));
  send(pipelines.freeFor(ANY));
  assert.equal(pipelines.freeFor(ANY), pipelines.of(first.key), "the older one, where both have the same number");
  send(pipelines.freeFor(ANY));
  send(pipelines.freeFor(ANY));
  assert.deepEqual([pipelines.freeFor(ANY), pipelines.outstanding], [undefined, 4]);
});

test("a request to a unit that has not answered goes behind the others when they have just waited for such a unit", () => {
  const { pipelines, first } = setUp();
  first.events.ready();
  const to = (unit: number) => requestOf(muxRoute("PROT=modbus").mux.protocol, modbusMessage(1, readPdu(1), unit));
  for (const unit of [8, 9]) pipelines.units.missed(unit, 0, 0);
  assert.equal(pipelines.roomFor(to(9)), "room", "nobody has waited");
  pipelines.units.asked(8, 0);
  assert.deepEqual(
    [9, 1].map((unit) => pipelines.roomFor(to(unit))),
    ["last", "room"],
  );
});

test("a sensible answer shows the pool that the device is there", () => {
  const { first, pipelines, send, told } = setUp();
  first.events.ready();
  send(pipelines.freeFor(ANY));
  first.events.data(modbusMessage(first.connection.written[0]?.readUInt16BE() ?? 0, registerPdu(1)));
  assert.deepEqual(told, ["first is responsive", "completed"]);
});

test("before the connection is ready, bytes are unsolicited, and FIN fails it", () => {
  const { first, told } = setUp();
  first.events.data(Buffer.from("hello"));
  first.events.eof();
  assert.deepEqual(told, ["unsolicited: 5 bytes that the device sent after connecting", "fail first: by device"]);
});

test("a lost connection fails its requests", () => {
  const { pipelines, first, send, told } = setUp();
  first.events.ready();
  send(pipelines.freeFor(ANY));
  first.events.lost("reset");
  assert.deepEqual(
    [told, pipelines.of(first.key)],
    [["failed: link lost"], undefined],
    "no request, no new connection",
  );
});

test("conbus: a lost connection is opened again while there are clients, because modules speak unasked", () => {
  const { first, second, told, state } = setUp("PROT=conbus POOL=2");
  first.events.ready();
  first.events.lost("reset");
  assert.deepEqual(told.splice(0), ["open"]);
  state.isNeeded = false;
  second.events.ready();
  second.events.lost("reset");
  assert.deepEqual(told, []);
});

test("a fault is logged, and costs this connection only", () => {
  const { pipelines, first, second, send, told } = setUp();
  first.events.ready();
  send(pipelines.freeFor(ANY));
  second.events.ready();
  first.events.fault(new Error("broken"));
  assert.deepEqual(told, ["fault: Error: broken", "fail first: fault in the program", "failed: link lost"]);
  assert.equal(pipelines.freeFor(ANY), pipelines.of(second.key));
});

test("when all connections are closed, all requests fail", () => {
  const { pipelines, first, second, send, told } = setUp();
  first.events.ready();
  second.events.ready();
  for (let count = 0; count < 4; count += 1) send(pipelines.freeFor(ANY));
  pipelines.stopAll();
  assert.deepEqual([told, pipelines.outstanding], [Array(4).fill("failed: link lost"), 0]);
});
