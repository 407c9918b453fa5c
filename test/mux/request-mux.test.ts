import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { RequestMux } from "#src/mux/request-mux.js";
import { readPdu, unwrap, wrap, writePdu } from "../support/modbus.js";
import {
  type AttachedClient,
  attachTo,
  modbusMessage,
  muxRoute,
  pass,
  registerPdu,
  settle,
} from "../support/mux-parts.js";
import { type Client, Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

async function setUp(t: TestContext, options = "PROT=modbus TIME=5") {
  const here = servicesHere(t);
  const device = await Device.open();
  const route = muxRoute(options, `127.0.0.1:${device.port}`);
  const mux = new RequestMux({ port: 5020, route }, here.generation.context);
  t.after(() => {
    mux.close("the test has ended");
    device.close();
  });
  const join = (): AttachedClient => attachTo(mux);
  /** The next request that the device gets. */
  const next = async (peer: Client): Promise<Buffer> => Buffer.from(await peer.take(12), "latin1");
  const answer = (peer: Client, request: Buffer, pdu: Buffer): void =>
    peer.write(modbusMessage(request.readUInt16BE(), pdu));
  const counters = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(mux.status).filter(
        ([name, value]) => typeof value === "number" && value > 0 && name !== "port" && name !== "load",
      ),
    );
  return { ...here, ...{ mux, device, join, next, answer, counters } };
}

const READ = modbusMessage(0x1234, readPdu(1));

test("the answer returns to the client that asked, under the client's own id", async (t) => {
  const { device, join, next, answer, counters } = await setUp(t);
  const [a, b] = [join(), join()];
  a.end.write(READ);
  const peer = await device.client();
  const request = await next(peer);
  answer(peer, request, registerPdu(42));
  await until(() => a.got.length > 0, "the answer");
  assert.deepEqual([a.got, b.got], [[modbusMessage(0x1234, registerPdu(42))], []]);
  assert.deepEqual(counters(), { clientCount: 2, pool: 1, requests: 1, answers: 1 });
});

test("CACH: identical reads under way share one answer, later ones get it from the cache until a write", async (t) => {
  const { clock, device, join, next, answer, counters } = await setUp(t, "PROT=modbus CACH=500");
  const [a, b] = [join(), join()];
  a.end.write(READ);
  const peer = await device.client();
  const request = await next(peer);
  b.end.write(modbusMessage(7, readPdu(1)));
  await settle();
  answer(peer, request, registerPdu(42));
  await until(() => a.got.length > 0 && b.got.length > 0, "both answers");
  assert.deepEqual(b.got, [modbusMessage(7, registerPdu(42))]);
  clock.advance(499);
  b.end.write(modbusMessage(8, readPdu(1)));
  await until(() => b.got.length > 1, "the cached answer");
  assert.deepEqual([counters()["joined"], counters()["cacheHits"]], [1, 1]);
  a.end.write(modbusMessage(9, writePdu(1, 5)));
  await until(() => {
    clock.advance(1); // the link was idle: the device might be closing it
    return peer.bytes.length >= 12;
  }, "the write");
  answer(peer, await next(peer), writePdu(1, 5));
  await until(() => a.got.length > 1, "the answer to the write");
  b.end.write(READ);
  await next(peer);
});

test("a read whose connection is lost goes out once more, before all others; a second loss fails it", async (t) => {
  const { clock, mux, device, join, next, answer, counters } = await setUp(t);
  const [a, b] = [join(), join()];
  a.end.write(READ);
  const first = await device.client();
  answer(first, await next(first), registerPdu(1));
  await until(() => a.got.splice(0).length > 0, "the answer");
  a.end.write(READ);
  await pass(clock, 100); // the device might close behind its first answer
  await next(first);
  b.end.write(modbusMessage(5, writePdu(1, 5)));
  await settle();
  first.reset();
  await until(() => device.clients.length === 2, "the next link, at once");
  await pass(clock, 50); // the device might close it while it ends the first one
  assert.equal(mux.status.links[0]?.state, "busy");
  const second = await device.client(1);
  assert.deepEqual((await next(second)).subarray(6), READ.subarray(6));
  assert.deepEqual([a.got, counters()["repeated"]], [[], 1]);
  second.reset();
  await until(() => a.got.length > 0, "the exception");
  assert.deepEqual(a.got, [modbusMessage(0x1234, Buffer.of(0x83, 0x0b))]);
});

test("while the device cannot be reached, requests fail at once", async (t) => {
  const { device, mux, join, counters } = await setUp(t);
  device.stopListening();
  const a = join();
  a.end.write(READ);
  await until(() => a.got.length > 0, "the exception");
  a.end.write(READ);
  await until(() => a.got.length > 1, "the second exception");
  assert.deepEqual(a.got, [modbusMessage(0x1234, Buffer.of(0x83, 0x0a)), modbusMessage(0x1234, Buffer.of(0x83, 0x0a))]);
  assert.deepEqual([counters()["noPath"], mux.status.down], [2, true]);
});

test("IDLE: the connection is closed after the last client has left, and opened again for the next one", async (t) => {
  const { clock, log, device, join, next } = await setUp(t, "PROT=modbus IDLE=60");
  const a = join();
  a.end.write(READ);
  const peer = await device.client();
  await next(peer);
  a.end.destroy();
  await pass(clock, 59_000, 1000);
  assert.equal(peer.closed || peer.ended, false);
  await pass(clock, 1000, 1000);
  await until(() => peer.closed || peer.ended, "the end of the connection");
  assert.match(log.lines.at(-1) ?? "", /links closed: no client for 60 s$/);
  join().end.write(READ);
  await pass(clock, 250); // the device does not end the old connection
  await next(await device.client(1));
});

test("a client that sends no message is closed, and costs the others nothing", async (t) => {
  const { log, device, join, next, answer } = await setUp(t);
  const [a, b] = [join(), join()];
  a.end.write(READ);
  const peer = await device.client();
  const request = await next(peer);
  b.end.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  await until(() => b.closed !== undefined, "the close");
  assert.match(b.closed ?? "", /^not a message of modbus: this looks like HTTP/);
  assert.match(
    log.lines.at(-1) ?? "",
    /WARN \[mux 5020 > [^\]]*\] client closed: not a message of modbus: this looks like HTTP: PROT=http/,
  );
  answer(peer, request, registerPdu(1));
  await until(() => a.got.length > 0, "the answer");
});

test("a drain waits for outstanding answers, and starts no request any more", async (t) => {
  const { mux, device, join, next, answer } = await setUp(t);
  const a = join();
  a.end.write(READ);
  const peer = await device.client();
  const request = await next(peer);
  let isDrained = false;
  const drained = mux.drain().then(() => {
    isDrained = true;
  });
  a.end.write(modbusMessage(1, readPdu(2)));
  await settle();
  assert.equal(isDrained, false);
  answer(peer, request, registerPdu(1));
  await drained;
  await settle();
  assert.deepEqual([a.got.length, peer.bytes.length], [1, 0]);
});

test("a write whose connection is lost fails", async (t) => {
  const { device, join, next, counters } = await setUp(t);
  const a = join();
  a.end.write(modbusMessage(5, writePdu(1, 5)));
  const peer = await device.client();
  await next(peer);
  peer.reset();
  await until(() => a.got.length > 0, "the exception");
  assert.deepEqual(a.got, [modbusMessage(5, Buffer.of(0x86, 0x0b))]);
  assert.deepEqual([counters()["linkLost"], counters()["repeated"]], [1, undefined]);
});

for (const kind of ["modbus", "modbus-serial"] as const) {
  test(`MERG, ${kind}: what the device refuses together is asked for one by one, in the order of each client`, async (t) => {
    const { clock, device, join } = await setUp(t, `PROT=${kind} MERG=9`);
    const length = kind === "modbus" ? 12 : 8;
    const [a, b] = [join(), join()];
    const asked = async (peer: Client) => unwrap(kind, Buffer.from(await peer.take(length), "latin1"));
    const ask = (client: AttachedClient, start: number, count: number): void =>
      client.end.write(wrap(kind, { id: start, unit: 1, pdu: readPdu(start, count) }));
    const answer = (peer: Client, id: number, pdu: Buffer): void => peer.write(wrap(kind, { id, unit: 1, pdu }));
    ask(b, 100, 1);
    const peer = await device.client();
    const first = await asked(peer);
    for (const start of [0, 10, 20]) ask(a, start, 5);
    await settle();
    answer(peer, first.id, registerPdu(1));
    await until(() => b.got.length > 0, "the first answer");
    await pass(clock, 100); // the device could close the link behind it
    const together = await asked(peer);
    assert.deepEqual(together.pdu, readPdu(0, 25));
    answer(peer, together.id, Buffer.of(0x83, 2));
    for (const start of [0, 10, 20]) {
      const alone = await asked(peer);
      assert.deepEqual(alone.pdu, readPdu(start, 5));
      answer(peer, alone.id, Buffer.concat([Buffer.of(3, 10), Buffer.alloc(10, start)]));
    }
    await until(() => a.got.length === 3, "all answers");
    assert.deepEqual(
      a.got.map((bytes) => unwrap(kind, bytes).pdu[2]),
      [0, 10, 20],
    );
  });
}
