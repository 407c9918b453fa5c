import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { ask } from "#src/control/ask.js";
import { controlPaths } from "#src/control/folder.js";
import { ManualClock } from "./support/clock.js";
import { daemonHere } from "./support/in-process.js";
import { Client, Device, greet } from "./support/net.js";
import { pause, until } from "./support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-control-`);
after(() => rmSync(folder, { recursive: true }));
const control = `${folder}/private/control.sock`;

test("neither max-connections nor max-per-client nor the list of clients keep out who has the control socket", async () => {
  const network = { kind: "network", family: "ipv4", address: "192.0.2.1", prefix: 32 } as const;
  for (const limits of [{ maxConnections: 1 }, { maxPerClient: 1 }, { clients: [network] }]) {
    const { daemon, port } = await daemonHere({ control, ...limits });
    const client = await Client.open(port);
    if (!("clients" in limits)) await client.line();
    const answer = await ask([control], ["STAT JSON", "BILD"]);
    assert.equal(answer.kind, "answered", JSON.stringify(limits));
    assert.match(JSON.stringify(await ask([control], ["STOP"])), /OK STOP/);
    await daemon.stopped;
    assert.ok(!existsSync(control), "it goes with the daemon");
    client.destroy();
  }
});

test("a client of the control socket whose remote takes nothing is not taken for gone", async () => {
  const clock = new ManualClock();
  const device = await Device.open();
  const { daemon } = await daemonHere({ control }, clock);
  const client = new Client(connect({ path: control, allowHalfOpen: true }));
  await client.line();
  client.write(`CONN 127.0.0.1:${device.port}\n`);
  assert.match(await client.line(), /^OK CONN /);
  const remote = await device.client();
  remote.socket.pause();
  client.write(Buffer.alloc(30_000_000));
  await until(() => remote.socket.readableLength > 0, "some of it to pass");
  for (let step = 0; step < 12; step += 1) {
    await pause(20);
    clock.advance(5000);
  }
  await pause(50);
  assert.equal(daemon.status.connections[0]?.phase, "echo");
  client.destroy();
  remote.destroy();
  device.close();
  await daemon.stop("test");
});

test("nobody there, nobody there any more, something else there", async () => {
  assert.deepEqual(await ask([`${folder}/nowhere/x.sock`], ["STAT JSON"]), { kind: "absent" });
  const { daemon, port } = await daemonHere({ control });
  const { client } = await greet(port);
  client.destroy();
  assert.equal((await ask([`${folder}/nowhere/x.sock`, control], ["BILD"])).kind, "answered");
  await daemon.stop("test");
  assert.deepEqual(await ask([control], ["BILD"]), { kind: "absent" });
});

test("sockets are in XDG_RUNTIME_DIR when that is a path from the root", () => {
  const before = process.env["XDG_RUNTIME_DIR"];
  const root = process.geteuid?.() === 0;
  const fallback = root ? "/run/sockproxyd" : `${tmpdir()}/sockproxyd-${process.geteuid?.()}`;
  for (const [value, expected] of [
    ["/run/user/5", "/run/user/5/sockproxyd"],
    ["run", fallback],
    ["", fallback],
  ]) {
    process.env["XDG_RUNTIME_DIR"] = value;
    assert.equal(controlPaths(7)[0], `${expected}/reverse-proxy-7.sock`);
    assert.equal(new Set(controlPaths(7)).size, controlPaths(7).length);
  }
  if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = before;
});
