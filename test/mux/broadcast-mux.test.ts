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
  await until(() => textOf(quick).length > MAX_PENDING, "the wait");
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
  const [slow, quick] = [join(), join()];
  const peer = await device.client();
  await until(() => mux.status.links[0]?.state === "ready", "the connection");
  slow.end.pause();
  peer.write("x".repeat(300_000));
  await until(() => textOf(quick).length > MAX_PENDING, "the wait");
  await pass(clock, 900, 900);
  slow.end.resume();
  await until(() => textOf(slow).length === 300_000, "everything");
  await pass(clock, 5000, 1000);
  assert.equal(slow.closed, undefined);
});

test("when the device goes, all clients are closed, and later ones as long as it is down", async (t) => {
  const { clock, device, join } = await setUp(t);
  const [a, b] = [join(), join()];
  const peer = await device.client();
  device.stopListening();
  peer.reset();
  await until(() => a.closed !== undefined && b.closed !== undefined, "both closes");
  assert.match(a.closed ?? "", /^(the device has gone: reset by remote|no link to the device: connected, but closed)/);
  const next = join();
  await settle();
  assert.equal(next.closed, undefined, "it waits for an attempt");
  await pass(clock, 1000);
  await until(() => next.closed !== undefined, "the refusal");
  assert.equal(next.closed, "no link to the device: connection refused");
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

const GREETING = "Panel 3.1\r\nuser: \r\n";

test("GREE: a client that comes later hears the greeting, and from then on what the others hear", async (t) => {
  const { mux, device, join } = await setUp(t, "PROT=echo MODE=broadcast GREE=replay");
  const a = join();
  const peer = await device.client();
  peer.write(GREETING.slice(0, 5));
  await until(() => textOf(a).length === 5, "the beginning");
  const b = join();
  peer.write(GREETING.slice(5));
  await until(() => textOf(a) === GREETING && textOf(b) === GREETING, "all of it");
  a.end.write("hello\n");
  assert.equal(await peer.line(), "hello");
  peer.write("answer\r\n");
  await until(() => textOf(b).endsWith("answer\r\n"), "the answer");
  const late = join();
  assert.equal(textOf(late), GREETING, "at once, and not the answer to somebody else");
  peer.write("event\r\n");
  await until(() => textOf(late) === `${GREETING}event\r\n`, "what comes later");
  assert.equal(textOf(a), `${GREETING}answer\r\nevent\r\n`);
  assert.equal(mux.status.requests, 1);
});

test("GREE: whoever joins while bytes are handed out gets each of them once", async (t) => {
  const { device, join } = await setUp(t, "PROT=echo MODE=broadcast GREE=replay");
  const all = [join()];
  const peer = await device.client();
  const [first] = all;
  assert.ok(first);
  const hear = first.end.events.data;
  first.end.events.data = (chunk) => {
    if (all.length < 30) all.push(join()); // in the middle of a round
    hear(chunk);
  };
  for (let count = 0; count < 40; count += 1) {
    peer.write(`${count},`);
    if (count % 4 === 0) await settle();
  }
  const whole = Array.from({ length: 40 }, (_, count) => `${count},`).join("");
  await until(() => textOf(first).length === whole.length, "everything");
  await settle();
  assert.deepEqual([...new Set(all.map(textOf))], [whole]);
  assert.ok(all.length > 5);
});

test("GREE: a device that never stops has a greeting of 64 KiB; a new link has a new one", async (t) => {
  const { clock, device, join } = await setUp(t, "PROT=echo MODE=broadcast GREE=replay");
  const a = join();
  const peer = await device.client();
  peer.write("x".repeat(100_000));
  await until(() => textOf(a).length === 100_000, "everything");
  const late = join();
  assert.equal(textOf(late).length, 65_536);
  peer.reset();
  await until(() => a.closed !== undefined && late.closed !== undefined, "both closes");
  await pass(clock, 1000);
  const next = join();
  const other = await device.client(1);
  other.write("again");
  await until(() => textOf(next) === "again", "the other greeting");
  assert.equal(textOf(join()), "again");
});

test("LOGN: the device gets it after each connect, before everything else; nobody else sees it", async (t) => {
  const { clock, log, device, join } = await setUp(t, "PROT=echo MODE=broadcast LOGN=user\\r\\nse\\x63ret\\x0d\\n");
  const a = join();
  a.end.write("hello\n");
  const peer = await device.client();
  assert.equal(await peer.take(20), "user\r\nsecret\r\nhello\n");
  join();
  await settle();
  assert.equal(device.clients.length, 1);
  assert.equal(peer.bytes.length, 0, "one login");
  peer.write("welcome\r\n");
  await until(() => textOf(a).length > 0, "the answer to the login");
  peer.reset();
  await until(() => a.closed !== undefined, "the close");
  await pass(clock, 1000);
  join();
  assert.equal(await (await device.client(1)).take(14), "user\r\nsecret\r\n");
  assert.doesNotMatch(log.lines.join("\n"), /secret/);
});

test("QLEN: a client with many messages is not read for a while", async (t) => {
  const { mux, join } = await setUp(t, "PROT=echo MODE=broadcast QLEN=2 DLAY=60");
  const a = join();
  a.end.write("1\n2\n3\n");
  assert.deepEqual([mux.status.waiting, a.end.unsent], [2, 2]);
});
