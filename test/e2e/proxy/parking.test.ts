import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device } from "../../support/net.js";
import { PARKING_NTFY, parkingScene } from "../../support/parking.js";
import { until } from "../../support/wait.js";

test("a plugin that comes back gets its connection, what waits, and no notification meanwhile", async (t) => {
  const { luup, device, daemon, plugin, stat, parked } = await parkingScene(t);
  const [first, reply] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  assert.equal(reply, "p1");
  const remote = await device.client();
  remote.write("one");
  assert.equal(await first.take(3), "one");
  await until(() => luup.arrivals.length === 1, "the notification of data");
  first.write("last words");
  first.destroy();
  await parked();
  remote.write("two");
  remote.write(" three");
  assert.equal(await remote.take(10), "last words");
  await until(async () => (await stat()).connections[0].parked?.bytes === 9, "9 bytes to wait");
  const before = await stat();
  assert.ok(before.connections[0].parked.restMs > 50_000);
  assert.equal(before.traffic.received, 12);
  assert.equal(luup.arrivals.length, 1);

  const [second, again] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  assert.equal(again, "p1 PARKED 9");
  assert.equal(await second.take(9), "two three");
  await until(() => luup.arrivals.length === 2, "the notification of what waited");
  remote.write("four");
  assert.equal(await second.take(4), "four");
  second.write("hello");
  assert.equal(await remote.take(5), "hello");
  assert.equal(device.clients.length, 1);
  const after = await stat();
  assert.equal(after.traffic.received, 16, "no byte is counted twice");
  assert.match(daemon.log(), /client has gone, parked for 60.0 s: \d bytes wait/);

  await until(() => luup.arrivals.length === 3, "the notification of live data");
  remote.end();
  await until(() => second.ended, "the end");
  second.destroy();
  await until(() => luup.arrivals.length === 4, "the final notification");
});

test("when the time is over, the connection ends as without parking, with one final notification", async (t) => {
  const { luup, device, plugin, daemon } = await parkingScene(t);
  const [first] = await plugin(`PARK=0.3 ${PARKING_NTFY}`);
  const remote = await device.client();
  first.destroy();
  await until(() => remote.ended || remote.closed, "the end of the remote");
  await until(() => luup.arrivals.length === 1, "the final notification");
  assert.match(daemon.log(), /closed: by client, and not back within 0.3 s \(PARK\)/);
  const [, reply] = await plugin(`PARK=0.3 ${PARKING_NTFY}`);
  assert.equal(reply, "p1");
  await device.client(1);
});

test("a device that ends while its client is away: what it said waits, and the end comes behind it", async (t) => {
  const ends: readonly [string, (remote: Client) => void][] = [
    ["fin", (remote) => remote.end()],
    ["reset", (remote) => remote.reset()],
  ];
  for (const [name, end] of ends) {
    await t.test(name, async (t) => {
      const { luup, device, plugin, parked, stat } = await parkingScene(t);
      const [first] = await plugin(`PARK=60 ${PARKING_NTFY}`);
      const remote = await device.client();
      first.destroy();
      await parked();
      remote.write("bye");
      await until(async () => (await stat()).connections[0].parked?.bytes === 3, "3 bytes to wait");
      end(remote);
      await until(() => remote.ended || remote.closed || name === "fin", "the end");
      const [second, reply] = await plugin(`PARK=60 ${PARKING_NTFY}`);
      assert.equal(reply, "p1 PARKED 3");
      assert.equal(await second.rest(), "bye");
      second.destroy();
      await until(() => luup.arrivals.length === 1, "one notification, the final one");
      assert.equal(device.clients.length, 1);
    });
  }
});

test("a device that ends while nothing waits ends the connection at once", async (t) => {
  const { luup, device, plugin, parked } = await parkingScene(t);
  const [first] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  first.destroy();
  await parked();
  (await device.client()).end();
  await until(() => luup.arrivals.length === 1, "the final notification");
  await parked(0);
});

test("more than park-bytes makes the device wait, and nothing is lost", async (t) => {
  const { device, plugin, parked, stat } = await parkingScene(t);
  const [first] = await plugin(`PARK=60 PKBY=50000 ${PARKING_NTFY}`);
  const remote = await device.client();
  first.destroy();
  await parked();
  const all = Buffer.alloc(400_000);
  for (let at = 0; at < all.length; at += 4) all.writeUInt32LE(at, at);
  remote.write(all);
  await until(async () => (await stat()).connections[0].parked?.bytes >= 50_000, "the limit");
  assert.ok((await stat()).connections[0].parked.bytes < 350_000);
  const [second, reply] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  assert.match(reply, /^p1 PARKED \d{5,6}$/);
  await until(() => second.bytes.length === all.length, "everything");
  assert.ok(second.bytes.equals(all));
});

test("only the same plugin from the same machine gets a parked connection", async (t) => {
  const { device, plugin, parked } = await parkingScene(t);
  const [first] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  const remote = await device.client();
  first.destroy();
  await parked();
  remote.write("mine");
  for (const other of ["NTFY=7/urn:x/Act/p2", "NTFY=8/urn:x/Act/p1"]) {
    const [client, reply] = await plugin(`PARK=60 ${other}`);
    assert.doesNotMatch(reply, /PARKED/);
    client.destroy();
  }
  const [second, again] = await plugin("NTFY=7/urn:x/Other/p1");
  assert.equal(again, "p1 PARKED 4");
  assert.equal(await second.take(4), "mine");
  second.destroy();
  await until(() => remote.ended, "the end: without PARK it is not parked again");
});

test("a plugin that goes before its remote is connected is parked: the device gets what it has sent", async (t) => {
  const { device, daemon, plugin, parked } = await parkingScene(t);
  for (const [at, how] of (["end", "reset"] as const).entries()) {
    const ntfy = `NTFY=7/urn:x/Act/${how}`;
    const first = await Client.open(daemon.port);
    await first.line();
    first.write(`CONN 127.0.0.1:${device.port} PARK=60 ${ntfy}\nlast words`);
    first[how]();
    const remote = await device.client(at);
    assert.equal(await remote.take(10), "last words");
    await parked(1);
    remote.write("answer");
    const [second] = await plugin(`PARK=60 ${ntfy}`);
    assert.equal(await second.take(6), "answer");
    assert.deepEqual([device.clients.length, remote.ended], [at + 1, false]);
  }
});

test("PARK wants what it needs, and says so", async (t) => {
  const { plugin, device } = await parkingScene(t);
  const [, noPid] = await plugin("PARK=60 NTFY=7/urn:x/Act");
  assert.equal(
    noPid,
    "ERR CONN PARK wants a pid in NTFY (dev/sid/act/pid): by it the plugin gets its connection again",
  );
  const [, udp] = await plugin(`PARK=60 PRTO=udp ${PARKING_NTFY}`);
  assert.equal(udp, "ERR CONN PARK does not go with PRTO=udp: there is no connection to keep");
  assert.equal(device.clients.length, 0);
});

test("a client of a direct line with one place gets its connection again; the place is not lost", async (t) => {
  const port = await freePort();
  const device = await Device.open();
  const config = new ConfigFile(`[direct]\n${port}=127.0.0.1:${device.port} PARK=60 MAXC=1\n`);
  const daemon = await startHere("-c", config.path);
  t.after(() => {
    daemon.discard();
    device.close();
  });
  const parked = (count: number) =>
    until(() => daemon.log().split("client has gone, parked").length === count + 1, `${count} times parked`);
  const first = await Client.open(port);
  first.write("hello");
  const remote = await device.client();
  assert.equal(await remote.take(5), "hello");
  first.destroy();
  await parked(1);
  remote.write("while away");
  const second = await Client.open(port);
  assert.equal(await second.take(10), "while away");
  second.write("again");
  assert.equal(await remote.take(5), "again");
  second.destroy();
  await parked(2);
  const third = await Client.open(port);
  third.write("and again");
  assert.equal(await remote.take(9), "and again");
  assert.equal(device.clients.length, 1);
});

test("the end of the daemon, and the button of the page, end a parked connection with one final notification", async (t) => {
  const { luup, device, daemon, plugin, parked } = await parkingScene(t);
  const [first] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  const remote = await device.client();
  first.destroy();
  await parked();
  remote.write("unheard");
  await daemon.stop();
  assert.deepEqual(
    luup.arrivals.map(({ pid }) => pid),
    ["p1"],
  );
  await until(() => remote.ended || remote.closed, "the end of the remote");
});
