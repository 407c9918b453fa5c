import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { test } from "node:test";
import type { Daemon } from "#src/daemon/daemon.js";
import { ManualClock } from "../support/clock.js";
import { daemonHere } from "../support/in-process.js";
import { FakeLuup } from "../support/luup.js";
import { Client, Device, greet, relayed } from "../support/net.js";
import { pause, quietFor, until } from "../support/wait.js";

test("setup mode ends after 30 s without a complete command, or 6,000 s after a STAT", async () => {
  const clock = new ManualClock();
  const { daemon, port } = await daemonHere({}, clock);
  const silent = await greet(port);
  const trickling = await greet(port);
  const busy = await greet(port);
  const watching = await greet(port);
  watching.client.write("STAT\n");
  await watching.client.line();
  clock.advance(29_000);
  trickling.client.write("\n\nQUI"); // blank lines and half a line are no command
  busy.client.write("BILD\n");
  await busy.client.line();
  assert.equal(silent.client.ended, false);
  clock.advance(1000);
  assert.equal(await silent.client.rest(), "");
  assert.equal(await trickling.client.rest(), "");
  assert.equal(busy.client.ended, false);
  clock.advance(29_000);
  assert.equal(await busy.client.rest(), "");
  clock.advance(5_900_000);
  assert.equal(watching.client.ended, false);
  clock.advance(100_000);
  await watching.client.rest();
  for (const { client } of [silent, trickling, busy, watching]) client.destroy();
  await until(() => [...daemon.status.connections].length === 0, "all to be gone");
  await daemon.stop("test");
});

/** Lets time pass until no client is connected: the daemon first asks the kernel whether the client still reads. */
async function cutAtLast(clock: ManualClock, daemon: Daemon): Promise<void> {
  await until(() => {
    clock.advance(1000);
    return [...daemon.status.connections].length === 0;
  }, "it to be cut");
}

test("the end waits for no limit when everything is done", async () => {
  const clock = new ManualClock(); // time stands still
  const [luup, device] = [await new FakeLuup().start(), await Device.open()];
  const { daemon, port } = await daemonHere({ vera: luup.url }, clock);
  const { client, remote, pid } = await relayed(port, device, "NTFY=5/urn:x/Act PACE=60");
  remote.write("last words");
  await luup.received(pid, 1);
  const rest = client.rest();
  await daemon.stop("test");
  assert.equal(await rest, "last words");
  assert.equal(luup.of(pid).length, 2);
  for (const each of [client, remote]) each.destroy();
  device.close();
  await luup.stop();
});

test("a client of setup mode that does not close after the last reply is cut", async () => {
  const clock = new ManualClock();
  const { daemon, port } = await daemonHere({}, clock);
  const { client } = await greet(port);
  client.write("QUIT\n");
  await client.rest();
  assert.equal([...daemon.status.connections].length, 1);
  await cutAtLast(clock, daemon);
  client.destroy();
  await daemon.stop("test");
});

test("a plugin that does not read its last bytes is cut after an hour", async () => {
  const clock = new ManualClock();
  const device = await Device.open();
  const { daemon, port } = await daemonHere({}, clock);
  const { client, remote } = await relayed(port, device);
  remote.end();
  await until(() => client.ended, "the end to be told");
  await pause(20);
  clock.advance(5000); // the client has not answered the remote's FIN
  await until(() => [...daemon.status.connections][0]?.phase === "closing", "the connection to be over");
  clock.advance(3_599_000);
  await quietFor(20);
  assert.equal([...daemon.status.connections].length, 1);
  await cutAtLast(clock, daemon);
  client.destroy();
  device.close();
  await daemon.stop("test");
});

test("a client has gone and its remote, which is there, does not read the last bytes: the connection ends after an hour", async () => {
  const clock = new ManualClock();
  const device = await Device.open();
  const { daemon, port } = await daemonHere({}, clock);
  const { client, remote } = await relayed(port, device);
  remote.socket.pause();
  client.write(Buffer.alloc(30_000_000));
  await until(() => remote.socket.readableLength > 0, "some of it to pass");
  await pause(500);
  client.destroy(); // its FIN waits behind bytes that nobody reads
  for (let seconds = 0; seconds < 300; seconds += 1) clock.advance(1000);
  await quietFor(100);
  assert.equal([...daemon.status.connections][0]?.phase, "echo");
  await until(() => {
    clock.advance(60_000); // the daemon asks the kernel about both, again and again
    return [...daemon.status.connections][0]?.phase !== "echo";
  }, "the connection to end");
  device.close();
  await daemon.stop("test");
});

test("a fault of the daemon ends only its own connection, and the log shows the id", async () => {
  const device = await Device.open();
  const { daemon, port, log } = await daemonHere();
  const victim = await relayed(port, device);
  const bystander = await relayed(port, device);
  log.debugging = true;
  log.debug = (text) => {
    if (text.includes("13 bytes")) throw new TypeError("a fault on purpose");
  };
  victim.client.write("x".repeat(13));
  await until(() => victim.client.closed || victim.client.ended, "the victim to be closed");
  await until(() => victim.remote.closed || victim.remote.ended, "its remote too");
  const line = log.lines.find((candidate) => candidate.includes("a fault on purpose")) ?? "";
  assert.match(line, new RegExp(`^ERROR \\[${victim.pid} .*TypeError`));
  bystander.client.write("alive");
  assert.equal(await bystander.remote.take(5), "alive");
  const other = await greet(port);
  other.client.write("QUIT\n");
  assert.equal(await other.client.rest(), "OK QUIT\n");
  for (const each of [victim.client, bystander.client, other.client]) each.destroy();
  device.close();
  await daemon.stop("test");
});

test("`[host] renotify` applies to connections without RNTF", async () => {
  const luup = await new FakeLuup().start();
  const device = await Device.open();
  const { daemon, port } = await daemonHere({ vera: luup.url, renotify: 150 });
  const lua = spawn("python3", [
    "-c",
    `import socket,sys
s = socket.create_connection(("127.0.0.1", ${port}))
f = s.makefile("rb", 0)
f.readline()
s.sendall(b"CONN 127.0.0.1:${device.port} NTFY=5/urn:x/Act/unread\\n")
f.readline()
sys.stdin.read()`,
  ]);
  (await device.client()).write("x");
  await luup.received("unread", 3);
  lua.kill();
  device.close();
  await daemon.stop("test");
  await luup.stop();
});

test("small messages are not held back on either side (TCP_NODELAY)", async (t) => {
  const device = await Device.open();
  const { daemon, port } = await daemonHere();
  const setNoDelay = t.mock.method(Socket.prototype, "setNoDelay");
  const { client, remote } = await relayed(port, device);
  const ports = setNoDelay.mock.calls
    .filter((call) => call.arguments[0] === true)
    .map((call) => (call.this as Socket).remotePort);
  assert.ok(ports.includes(device.port), "towards the remote");
  assert.ok(ports.includes(client.socket.localPort ?? -1), "towards the client");
  client.destroy();
  remote.destroy();
  device.close();
  await daemon.stop("test");
});

test("no connection leaves memory behind", async () => {
  const luup = await new FakeLuup().start();
  const device = await Device.open();
  const { daemon, port } = await daemonHere({ vera: luup.url });
  for (let round = 0; round < 40; round += 1) {
    const { client, remote, pid } = await relayed(port, device, "NTFY=5/urn:x/Act");
    if (round % 4 === 0) client.reset();
    if (round % 4 === 1) remote.reset();
    if (round % 4 === 2) client.end();
    remote.end();
    await luup.received(pid, 1);
    client.destroy();
  }
  await until(() => [...daemon.status.connections].length === 0, "all to be gone");
  const quitter = await Client.open(port);
  quitter.destroy();
  await until(() => [...daemon.status.connections].length === 0, "it to be gone");
  device.close();
  await daemon.stop("test");
  await luup.stop();
});

test("a report that is read slowly keeps no memory of connections that close meanwhile", async () => {
  const { daemon, port } = await daemonHere();
  const clients = [await Client.open(port), await Client.open(port), await Client.open(port)];
  await until(() => [...daemon.status.connections].length === 3, "all three");
  const reader = daemon.status.connections[Symbol.iterator]();
  const first = reader.next().value.id;
  for (const client of clients.slice(1)) client.destroy();
  await until(() => [...daemon.status.connections].length === 1, "two to be gone");
  await Client.open(port);
  assert.deepEqual([...daemon.status.connections][0]?.id, first);
  assert.equal(reader.next().done, true);
  await daemon.stop("test");
});
