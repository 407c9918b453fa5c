import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { portAnswers, startDaemonUnder } from "../support/daemon.js";
import { startEcho } from "../support/echo.js";
import { freePort } from "../support/free-port.js";
import { startMonitored } from "../support/monitored.js";
import { insideNamespace, runInside } from "../support/namespace.js";
import { Client, greet } from "../support/net.js";
import { missing } from "../support/peers.js";
import { Watcher } from "../support/watcher.js";

const COMMANDS = ["WTCH", "STOP", "RELD", "TCPR 127.0.0.1:1 127.0.0.1:2"];
const ADDRESS = "10.99.0.1"; // of this machine, inside; what comes from there is not the loopback

if (!insideNamespace) {
  test("who may watch", { skip: missing("unshare", "ip") }, (context) => runInside(import.meta.url, context));
} else {
  test("WTCH: the loopback only, unless [access] watch has the client", async (t) => {
    assert.equal(spawnSync("ip", ["addr", "add", `${ADDRESS}/24`, "dev", "lo"]).status, 0);
    const echo = await startEcho();
    t.after(() => echo.stop());
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus`;
    for (const [sections, allowed] of [
      ["", false],
      ["[access]\nwatch=10.98.0.0/16\n", false],
      ["[access]\nwatch=10.98.0.0/16,10.99.0.0/24\n", true],
    ] as const) {
      const { daemon } = await startMonitored(t, line, { sections });
      (await Watcher.open(daemon.port)).client.destroy();
      const { client } = await greet(daemon.port, ADDRESS);
      client.write("WTCH\n");
      assert.match(await client.line(), allowed ? /^OK WTCH/ : /^ERR WTCH .*\S/, sections);
      client.destroy();
      if (!allowed) for (const command of COMMANDS) await refusedThroughItself(daemon.port, command);
      await daemon.stop();
    }
  });
}

/** A client from elsewhere gets no rights of the loopback by having the daemon connect to itself, once or twice. */
async function refusedThroughItself(port: number, command: string): Promise<void> {
  const { client } = await greet(port, ADDRESS);
  for (let times = 1; times <= 2; times += 1) {
    client.write(`CONN 127.0.0.1:${port}\n`);
    assert.match(await client.line(), /^OK CONN/);
    assert.match(await client.line(), /^OK TOGGLEDBITS/);
  }
  await refused(client, command);
}

async function refused(client: Client, command: string): Promise<void> {
  client.write(`${command}\n`);
  assert.match(await client.line(), new RegExp(`^ERR ${command.slice(0, 4)} not from another machine`));
  client.destroy();
}

for (const [kind, sections] of [
  [
    "a tunnel",
    (port: number, front: number, link: number) =>
      `[tunnel]\n${link}=EXPOSE 127.0.0.1:${front}>127.0.0.1:${port}\n[device]\nserver=127.0.0.1:${link}\nallow=127.0.0.1:${port}\n`,
  ],
  [
    "a shared device",
    (port: number, front: number) => `[mux]\n${front}=CONN 127.0.0.1:${port} PROT=raw MODE=broadcast\n`,
  ],
] as const) {
  test(`nor does one that comes by ${kind}: who is behind it cannot be told`, async (t) => {
    const [port, front, link] = [await freePort(), await freePort(), await freePort()];
    const args = ["-c", new ConfigFile(sections(port, front, link)).path, "-p", String(port)];
    const daemon = await startDaemonUnder([], args, () => portAnswers(port));
    t.after(() => daemon.stop("SIGKILL"));
    for (const command of COMMANDS) {
      await portAnswers(front);
      const client = await Client.open(front);
      assert.match(await client.line(), /^OK TOGGLEDBITS/);
      await refused(client, command);
    }
    (await greet(port)).client.destroy();
  });
}

test("a watcher that comes through the daemon itself is not shown what it is shown", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.stop());
  const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${daemon.port}\n`);
  assert.match(await client.line(), /^OK CONN/);
  assert.match(await client.line(), /^OK TOGGLEDBITS/);
  client.write("WTCH\n");
  assert.match(await client.line(), /^OK WTCH/);
  const other = await Client.open(port);
  other.write("<S0000000000F01D00FA>");
  for (const label of ["CONNECT", "CLIENT→PROXY", "PROXY→SERVER", "SERVER→PROXY", "PROXY→CLIENT"]) {
    assert.ok((await client.line()).includes(` [${label}] `), label);
  }
  other.destroy();
  assert.match(await client.line(), / \[DISCONNECT\] /);
  client.destroy();
});
