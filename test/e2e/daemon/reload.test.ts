import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { ConfigFile } from "../../support/config.js";
import { startDaemon, startDaemonUnder } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { FakeLuup } from "../../support/luup.js";
import { Client, Device, greet, relayed, reload } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";

let device: Device;
before(async () => {
  device = await Device.open();
});
after(() => device.close());

/** Whether anybody accepts connections on this port. */
async function answers(port: number): Promise<boolean> {
  return Client.open(port).then(
    (client) => {
      client.destroy();
      return true;
    },
    () => false,
  );
}

async function listeners(port: number): Promise<DaemonStatus["listeners"]> {
  return (await statJson(port)).listeners;
}

test("RELD opens, closes and changes listeners; connections go on as they were", async () => {
  const [kept, gone, added] = [await freePort(), await freePort(), await freePort()];
  const other = await Device.open();
  const config = new ConfigFile(`[direct]\n${kept}=127.0.0.1:${device.port}\n${gone}=127.0.0.1:${device.port}\n`);
  const daemon = await startHere("-c", config.path);
  const before = device.clients.length;
  const onKept = await Client.open(kept);
  const onGone = await Client.open(gone);
  const remotes = [await device.client(before), await device.client(before + 1)];
  config.write(`[direct]\n${kept}=127.0.0.1:${other.port}\n${added}=127.0.0.1:${other.port}\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  assert.equal(await answers(gone), false);
  for (const [index, port] of [kept, added].entries()) {
    const client = await Client.open(port);
    client.write("new\n");
    assert.equal(await (await other.client(index)).line(), "new");
    client.destroy();
  }
  for (const [index, client] of [onKept, onGone].entries()) {
    client.write("old\n");
    assert.equal(await remotes[index]?.line(), "old");
    remotes[index]?.write("still\n");
    assert.equal(await client.line(), "still");
    client.destroy();
  }
  assert.match(daemon.log(), /INFO {2}configuration read again \(RELD by 127\.0\.0\.1\)/);
  other.close();
  await daemon.stop();
});

test("a wrong file changes nothing and says why, by RELD and by SIGHUP", async () => {
  const port = await freePort();
  const config = new ConfigFile(`[direct]\n${port}=127.0.0.1:${device.port}\n`);
  const daemon = await startDaemon("-c", config.path);
  config.write("[direct]\n1=CONN\n[nothing]\nx=1\n[host]\ndebug\n");
  const reply = await reload(daemon.port);
  assert.match(reply, /^ERR RELD [^\n]*\.conf:2: \[direct\] 1: bad target[^\n]*; [^\n]*\.conf:3: \[nothing\]: unknown/);
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log().includes("(SIGHUP)"), "the log to say so");
  assert.match(daemon.log(), /ERROR configuration not taken \(SIGHUP\), nothing has changed: [^\n]*conf:2: /);
  assert.equal(await answers(port), true);
  assert.doesNotMatch(daemon.log(), /DEBUG/);
  await daemon.stop();
});

test("the proxy's own port moves; one that is taken changes nothing", async () => {
  const config = new ConfigFile();
  const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
  const session = await relayed(daemon.port, device);
  config.write(`[host]\nport=${device.port}\n[direct]\n${await freePort()}=127.0.0.1:1\n`);
  assert.match(await reload(daemon.port), /^ERR RELD cannot listen on 127\.0\.0\.1:\d+: already in use$/);
  assert.equal((await listeners(daemon.port)).length, 1);
  const next = await freePort();
  config.write(`[host]\nport=${next}\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  assert.equal(await answers(daemon.port), false);
  config.write(`[host]\nip=*\nport=${next}\n`); // overlaps with what it listens on now
  assert.equal(await reload(next), "OK RELD");
  assert.equal((await greet(next, "::1")).pid.length > 0, true);
  session.client.write("still here\n");
  assert.equal(await session.remote.line(), "still here");
  assert.equal(await daemon.stop(), 0);
});

test("a port that is tried in vain does not become the proxy's own", async () => {
  const config = new ConfigFile(`[direct]\n${device.port}=127.0.0.1:1\n`);
  const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
  config.write(`[host]\nport=${device.port}\n`);
  assert.match(await reload(daemon.port), /^ERR RELD cannot listen on 127\.0\.0\.1:\d+: already in use$/);
  assert.equal(await answers(daemon.port), true);
  assert.equal((await listeners(daemon.port)).length, 2);
  await daemon.stop();
});

test("new connections notify where the new settings say, old ones where theirs did", async () => {
  const [first, second] = [await new FakeLuup().start(), await new FakeLuup().start()];
  const config = new ConfigFile(`[host]\nvera=${first.url}\n`);
  const daemon = await startHere("-c", config.path);
  const old = await relayed(daemon.port, device, "NTFY=1/s/a");
  config.write(`[host]\nvera=${second.url}\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  const fresh = await relayed(daemon.port, device, "NTFY=1/s/a");
  old.remote.write("data");
  fresh.remote.write("data");
  await first.received(old.pid, 1);
  await second.received(fresh.pid, 1);
  config.write(`[host]\nvera=${second.url}/path\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  old.remote.end();
  await first.received(old.pid, 2);
  old.client.destroy();
  fresh.client.destroy();
  await second.received(fresh.pid, 2);
  assert.equal(await daemon.stop(), 0);
  await first.stop();
  await second.stop();
});

test("log file and level change; a log that cannot be opened changes nothing", async () => {
  const config = new ConfigFile();
  const [one, two] = [`${config.folder}/one.log`, `${config.folder}/two.log`];
  config.write(`[host]\nlog=${one}\n`);
  const daemon = await startDaemon("-c", config.path);
  config.write(`[host]\nlog=${two}\ndebug\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  await listeners(daemon.port);
  await until(() => existsSync(two) && readFileSync(two, "utf8").includes("DEBUG"), "debugging in the second file");
  const size = readFileSync(one, "utf8").length;
  config.write("[host]\nlog=/nowhere/three.log\n");
  assert.match(await reload(daemon.port), /^ERR RELD [^\n]*\/nowhere\/three\.log/);
  await until(() => readFileSync(two, "utf8").includes("configuration not taken"), "the second file to say so");
  assert.equal(readFileSync(one, "utf8").length, size);
  await daemon.stop();
});

test("a direct port that is taken is tried again, while the rest serves", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await until(() => taken.listening, "a port to be taken");
  const address = taken.address();
  assert.ok(typeof address === "object" && address !== null);
  const config = new ConfigFile(`[direct]\n${address.port}=127.0.0.1:${device.port}\n`);
  const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
  (await relayed(daemon.port, device)).client.destroy();
  assert.match((await listeners(daemon.port))[1]?.problem ?? "", /already in use/);
  taken.close();
  await until(async () => (await listeners(daemon.port))[1]?.problem === undefined, "the port to be listened on");
  const client = await Client.open(address.port);
  client.destroy();
  assert.equal(daemon.log().match(/WARN .*already in use; the daemon tries again/g)?.length, 1);
  await daemon.stop();
});

test("an address that is not there yet is tried again, also for the proxy's own port", {
  skip: missing("unshare", "ip"),
}, async () => {
  const config = new ConfigFile();
  const go = `${config.folder}/go`;
  const script = `ip link set lo up; (while [ ! -e ${go} ]; do sleep 0.05; done; ip address add 10.0.0.5/32 dev lo) & exec "$0" "$@"`;
  const log = `${config.folder}/log`;
  const daemon = await startDaemonUnder(
    ["unshare", "--net", "--map-root-user", "sh", "-c", script],
    ["-a", "10.0.0.5", "-L", log],
    (port) => until(() => existsSync(log) && readFileSync(log, "utf8").includes("tries again"), `port ${port} to fail`),
  );
  writeFileSync(go, "");
  await until(() => readFileSync(log, "utf8").includes("listening on 10.0.0.5:"), "it to listen");
  assert.equal(await daemon.stop(), 0);
});
