import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { MAIN, portAnswers, startDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { FakeLuup, likeOpenLuup } from "../../support/luup.js";
import { Client, Device, greet, relayed } from "../../support/net.js";
import { pause, until } from "../../support/wait.js";

let device: Device;
let luup: FakeLuup;
before(async () => {
  device = await Device.open();
  luup = await new FakeLuup().start();
});
after(async () => {
  device.close();
  await luup.stop();
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal}: connections end, plugins are told, status 0`, async () => {
    luup.answer = likeOpenLuup;
    const daemon = await startDaemon("-N", luup.url);
    const pairs: Awaited<ReturnType<typeof relayed>>[] = [];
    while (pairs.length < 5) pairs.push(await relayed(daemon.port, device, "NTFY=5/urn:x/Act PACE=60"));
    for (const { remote } of pairs) remote.write("last words");
    for (const { pid } of pairs) await luup.received(pid, 1);
    const setup = await greet(daemon.port);
    assert.equal(await daemon.stop(signal), 0);
    for (const { client, pid } of pairs) {
      assert.equal(await client.rest(), "last words");
      assert.equal(client.error, undefined);
      assert.equal(luup.of(pid).length, 2);
    }
    assert.equal(await setup.client.rest(), "");
    await assert.rejects(Client.open(daemon.port));
  });
}

test("STOP sends the final notifications before the end", async () => {
  luup.answer = likeOpenLuup;
  const daemon = await startDaemon("-N", luup.url);
  const { client, pid } = await relayed(daemon.port, device, "NTFY=5/urn:x/Act");
  const stopper = await greet(daemon.port);
  stopper.client.write("STOP\n");
  assert.equal(await stopper.client.rest(), "OK STOP\n");
  assert.equal(await daemon.stop(), 0);
  assert.equal(luup.of(pid).length, 1);
  assert.equal(await client.rest(), "");
});

test("an engine that does not answer holds the end up for 2 s, a second signal ends that at once", async () => {
  luup.answer = () => {};
  const patient = await startDaemon("-N", luup.url);
  await relayed(patient.port, device, "NTFY=5/urn:x/Act");
  const since = performance.now();
  assert.equal(await patient.stop(), 0);
  const ms = performance.now() - since;
  assert.ok(ms > 1900, `${ms} ms`);

  const hasty = await startDaemon("-N", luup.url);
  await relayed(hasty.port, device, "NTFY=5/urn:x/Act");
  hasty.child.kill("SIGTERM");
  await until(() => hasty.log().includes("stopping"), "the first signal to arrive");
  assert.equal(await hasty.stop(), 143, "it has not ended by itself");
  luup.answer = likeOpenLuup;
  luup.cut();
});

test("while it stops, it accepts nobody", async () => {
  luup.answer = () => {};
  const daemon = await startDaemon("-N", luup.url);
  await relayed(daemon.port, device, "NTFY=5/urn:x/Act");
  daemon.child.kill("SIGTERM");
  await until(() => daemon.log().includes("stopping"), "the signal to arrive");
  await assert.rejects(Client.open(daemon.port));
  await daemon.stop("SIGTERM");
  luup.answer = likeOpenLuup;
  luup.cut();
});

test("a client being connected is told when the daemon stops", async () => {
  const silent = await Device.open();
  const daemon = await startDaemon();
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${silent.port} PRTO=tls CTIM=60000\n`);
  await silent.client();
  const stopped = daemon.stop();
  assert.match(await client.rest(), /^ERR CONN [^\n]*stopping\n$/);
  assert.equal(await stopped, 0);
  silent.close();
});

test("a restart binds at once, with connections of the former run still about", async () => {
  const port = await freePort();
  for (let run = 0; run < 3; run += 1) {
    const child = spawn(process.execPath, [MAIN, "-p", String(port), "-L", "/dev/null"], { stdio: "inherit" });
    await portAnswers(port);
    await relayed(port, device);
    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    assert.equal(status, 0);
  }
});

test("what is behind in a slow plugin's socket still reaches it when the remote has closed", async () => {
  const daemon = await startDaemon();
  const { client, remote } = await relayed(daemon.port, device);
  client.socket.pause();
  remote.write(Buffer.alloc(3_000_000, "x"));
  remote.end();
  await pause(1000);
  client.socket.resume();
  assert.equal((await client.rest()).length, 3_000_000);
  await daemon.stop();
});
