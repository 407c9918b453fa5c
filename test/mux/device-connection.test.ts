import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DeviceConnection } from "#src/mux/device-connection.js";
import { freePort } from "../support/free-port.js";
import { muxRoute, settle } from "../support/mux-parts.js";
import { Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

/** Begins to connect to a device of the test. */
async function setUp(t: TestContext, options = "PROT=echo", port?: number) {
  const here = servicesHere(t);
  const device = await Device.open();
  t.after(() => device.close());
  const told: string[] = [];
  const route = muxRoute(options, `127.0.0.1:${port ?? device.port}`);
  const connection = new DeviceConnection({ line: { port: 5020 }, number: 3 }, route, 4000, here.generation.context, {
    connected() {},
    vanished: (reason) => void told.push(`vanished: ${reason}`),
    ready: () => void told.push("ready"),
    data: (chunk) => void told.push(String(chunk)),
    eof: () => void told.push("eof"),
    drained: () => void told.push("drained"),
    lost: (reason) => void told.push(`lost: ${reason}`),
    fault: (error) => void told.push(`fault: ${error}`),
  });
  t.after(() => connection.close());
  const heard = (text: string): Promise<void> => until(() => told.includes(text), text);
  return { ...here, ...{ connection, device, told, heard } };
}

test("a connection is ready when it is established; then bytes go both ways", async (t) => {
  const { connection, device, heard } = await setUp(t);
  assert.deepEqual([connection.ready, connection.address, connection.stream], [false, "", undefined]);
  await heard("ready");
  assert.deepEqual([connection.ready, connection.address], [true, `127.0.0.1:${device.port}`]);
  assert.equal(connection.stream?.source.connection, "5020/3");
  connection.write(Buffer.from("request\n"));
  const peer = await device.client();
  assert.equal(await peer.line(), "request");
  peer.write("answer\n");
  await heard("answer\n");
  assert.deepEqual(connection.status(7, true), {
    state: "busy",
    address: connection.address,
    ageMs: 0,
    idleMs: 0,
    requests: 7,
  });
});

test("the monitor is told whose message passes, unless requests of several are outstanding", async (t) => {
  const { connection, device, heard } = await setUp(t);
  await heard("ready");
  const { stream } = connection;
  const seen: unknown[] = [];
  connection.observer = {
    passed: (direction) => void seen.push([direction, stream?.source.client]),
    drained() {},
    ended() {},
  };
  connection.write(Buffer.from("a"), "192.0.2.7:40001");
  connection.write(Buffer.from("\n"));
  const peer = await device.client();
  await peer.line();
  peer.write("A\n");
  await heard("A\n");
  connection.write(Buffer.from("b\n"), "192.0.2.8:40001", false);
  await peer.line();
  peer.write("B\n");
  await heard("B\n");
  connection.write(Buffer.from("probe\n"), "");
  assert.deepEqual(seen, [
    ["up", "192.0.2.7:40001"],
    ["up", "192.0.2.7:40001"],
    ["down", "192.0.2.7:40001"],
    ["up", "192.0.2.8:40001"],
    ["down", undefined],
    ["up", undefined],
  ]);
});

test("DLAY: the device has its pause, and what it says meanwhile is heard at once", async (t) => {
  const { clock, connection, device, told, heard } = await setUp(t, "PROT=echo DLAY=1");
  const peer = await device.client();
  peer.write("hello\n");
  await heard("hello\n");
  connection.write(Buffer.from("too early\n"));
  clock.advance(999);
  assert.deepEqual([told, connection.ready, connection.status(0, false).state], [["hello\n"], false, "connecting"]);
  clock.advance(1);
  assert.deepEqual([told, connection.ready], [["hello\n", "ready"], true]);
  connection.write(Buffer.from("request\n"));
  assert.equal(await peer.line(), "request");
});

test("the connection is read when everybody who has paused it has resumed", async (t) => {
  const { connection, device, told, heard } = await setUp(t);
  await heard("ready");
  connection.pause("a");
  connection.pause("b");
  connection.pause("b");
  connection.resume("a");
  const peer = await device.client();
  peer.write("x\n");
  await until(() => peer.socket.bytesWritten === 2, "the kernel to have it");
  await settle();
  assert.deepEqual(told, ["ready"]);
  connection.resume("b");
  await heard("x\n");
});

test("a refused connection is lost once, and its descriptor is free again", async (t) => {
  const { connection, services, told, heard } = await setUp(t, "PROT=echo", await freePort());
  await heard("lost: connection refused");
  connection.close();
  await settle();
  assert.deepEqual([told, services.descriptors.used, connection.address], [["lost: connection refused"], 0, ""]);
});

test("FIN of the device is told, and the connection stays", async (t) => {
  const { connection, device, told, heard } = await setUp(t);
  await heard("ready");
  const peer = await device.client();
  peer.end();
  await heard("eof");
  connection.write(Buffer.from("x\n"));
  assert.equal(await peer.line(), "x");
  assert.deepEqual([told, connection.ready], [["ready", "eof"], true]);
});

test("a reset loses the connection", async (t) => {
  const { connection, device, services, told, heard } = await setUp(t);
  await heard("ready");
  (await device.client()).reset();
  await until(() => told.length > 1, "the loss");
  assert.match(told[1] ?? "", /^lost: reset by remote \(/);
  assert.deepEqual([connection.ready, connection.stream], [false, undefined]);
  await until(() => services.descriptors.used === 0, "the descriptor");
});

test("a closed connection tells nothing more, and the device sees it", async (t) => {
  const { connection, device, told, heard } = await setUp(t);
  await heard("ready");
  const peer = await device.client();
  peer.write("x\n");
  connection.close();
  connection.close();
  await until(() => peer.closed || peer.ended, "the end");
  connection.write(Buffer.from("y\n"));
  assert.deepEqual([told.filter((text) => text !== "x\n"), connection.unsent], [["ready"], 0]);
});

test("an attempt that is given up connects to nothing", async (t) => {
  const { connection, services, told } = await setUp(t);
  connection.close();
  await until(() => services.descriptors.used === 0, "the descriptor");
  await settle();
  assert.deepEqual([told, connection.ready], [[], false]);
});

test("what meets a reset does not go out", async (t) => {
  const { connection, device, heard } = await setUp(t);
  await heard("ready");
  const peer = await device.client();
  assert.equal(connection.write(Buffer.from("one\n")), true);
  await peer.line();
  peer.reset();
  assert.equal(connection.write(Buffer.from("two\n")), false, "the kernel has the reset already");
  await until(() => !connection.ready, "the loss");
  assert.equal(connection.write(Buffer.from("three\n")), false);
});

test("a connection that we leave is over when the device ends it, or takes too long for that", async (t) => {
  const { clock, connection, device, told, heard } = await setUp(t);
  await heard("ready");
  const peer = await device.client();
  const left: boolean[] = [];
  connection.leave(() => void left.push(connection.closed));
  await until(() => peer.ended, "our FIN");
  assert.deepEqual([left, connection.ready, connection.stream], [[], false, undefined]);
  clock.advance(250);
  assert.deepEqual(left, [false], "the device may be asked for another one");
  peer.end();
  await until(() => left.length === 2, "the device's FIN");
  assert.deepEqual([left, told], [[false, true], ["ready"]]);
});
