import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BroadcastMux } from "#src/mux/broadcast-mux.js";
import { type AttachedClient, attachTo, muxRoute, pass, settle, textOf } from "../support/mux-parts.js";
import { Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

const MAX_PENDING = 262_144;

async function setUp(t: TestContext, options = "PROT=echo MODE=broadcast") {
  const here = servicesHere(t);
  const device = await Device.open();
  const route = muxRoute(options, `127.0.0.1:${device.port}`);
  const mux = new BroadcastMux({ port: 8023, route }, here.generation.context);
  t.after(() => {
    mux.close("the test has ended");
    device.close();
  });
  const join = (): AttachedClient => attachTo(mux);
  return { ...here, ...{ mux, device, join } };
}

test("every client gets everything that the device sends; messages of clients go up whole, in turn", async (t) => {
  const { mux, device, join } = await setUp(t);
  const [a, b] = [join(), join()];
  const peer = await device.client();
  await until(() => mux.status.links[0]?.state === "ready", "the connection");
  peer.write("hel");
  await until(() => textOf(a) === "hel" && textOf(b) === "hel", "the first bytes");
  peer.write("lo\n");
  await until(() => textOf(a) === "hello\n" && textOf(b) === "hello\n", "the others");
  a.end.write("a1\na");
  b.end.write("b1\n");
  a.end.write("2\n");
  assert.equal(await peer.take(9), "a1\nb1\na2\n");
  assert.deepEqual([mux.status.requests, device.clients.length], [3, 1]);
});

test("GAPM: messages to the device keep their distance", async (t) => {
  const { clock, mux, device, join } = await setUp(t, "PROT=echo MODE=broadcast GAPM=50");
  const a = join();
  const peer = await device.client();
  await until(() => mux.status.links[0]?.state === "ready", "the connection");
  a.end.write("one\ntwo\n");
  assert.equal(await peer.line(), "one");
  await pass(clock, 49, 49);
  assert.equal(mux.status.waiting, 1);
  await pass(clock, 1);
  assert.equal(await peer.line(), "two");
});

test("the device waits a second for a client that does not read; then the client is dropped", async (t) => {
  const { clock, log, mux, device, join } = await setUp(t);
  const [slow, quick] = [join(), join()];
  const peer = await device.client();
  await until(() => mux.status.links[0]?.state === "ready", "the connection");
  slow.end.pause();
  const line = `${"x".repeat(999)}\n`;
  peer.write(line.repeat(300));
  await until(() => clock.pending > 1, "the wait");
  const got = textOf(quick).length;
  assert.ok(got > MAX_PENDING && got < 300_000, `the device is not read beyond ${got} bytes`);
  await pass(clock, 999, 999);
  assert.equal(slow.closed, undefined);
  await pass(clock, 1);
  assert.equal(slow.closed, "it does not read what the device sends");
  await until(() => textOf(quick).length === 300_000, "the rest");
  assert.match(log.lines.at(-1) ?? "", /a client is dropped: it does not read$/);
});

test("a client that reads again in time gets everything", async (t) => {
  const { clock, mux, device, join } = await setUp(t);
  const slow = join();
  const peer = await device.client();
  await until(() => mux.status.links[0]?.state === "ready", "the connection");
  slow.end.pause();
  peer.write("x".repeat(300_000));
  await until(() => clock.pending > 1, "the wait");
  await pass(clock, 900, 900);
  slow.end.resume();
  await until(() => textOf(slow).length === 300_000, "everything");
  await pass(clock, 5000, 1000);
  assert.equal(slow.closed, undefined);
});

test("when the device goes, all clients are closed, and later ones as long as it is down", async (t) => {
  const { device, join } = await setUp(t);
  const [a, b] = [join(), join()];
  const peer = await device.client();
  device.stopListening();
  peer.reset();
  await until(() => a.closed !== undefined && b.closed !== undefined, "both closes");
  assert.match(a.closed ?? "", /^(the device has gone: reset by remote|no link to the device: connected, but closed)/);
  const late = join();
  await settle();
  assert.equal(late.closed, "no link to the device, and the next attempt is not due yet");
});

test("a device that cannot be reached closes the clients", async (t) => {
  const { device, join } = await setUp(t);
  device.stopListening();
  const a = join();
  await until(() => a.closed !== undefined, "the close");
  assert.equal(a.closed, "no link to the device: connection refused");
});

test("QLEN: a client with many messages is not read for a while", async (t) => {
  const { mux, join } = await setUp(t, "PROT=echo MODE=broadcast QLEN=2 DLAY=60");
  const a = join();
  a.end.write("1\n2\n3\n");
  assert.deepEqual([mux.status.waiting, a.end.unsent], [2, 2]);
});
