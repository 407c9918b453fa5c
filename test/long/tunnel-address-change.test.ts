// Links with the settings that a daemon has by default, in a network namespace: the device's address goes; the network goes; a process stands still.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { type DaemonProcess, startDaemon } from "../support/daemon.js";
import { startEcho } from "../support/echo.js";
import { freePort } from "../support/free-port.js";
import { dropConnections, insideNamespace, runInside } from "../support/namespace.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { statJson } from "../support/stat-json.js";
import { ScriptedDevice } from "../support/tunnel.js";
import { pause, until } from "../support/wait.js";

const SERVER = "127.0.0.9";
const [BEFORE, AFTER] = ["10.9.0.1", "10.9.0.2"]; // of the device
const BACK_WITHIN_MS = 30_000;
const FOUND_WITHIN_MS = 45_000;
const STANDSTILL_MS = 44_000;

function ip(...args: readonly string[]): void {
  const done = spawnSync("ip", args, { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
}

async function start(t: TestContext, text: string): Promise<DaemonProcess> {
  const daemon = await startDaemon("-c", new ConfigFile(text).path);
  t.after(() => daemon.stop("SIGKILL"));
  return daemon;
}

/** A server, and where its device and its clients connect. */
async function startServer(t: TestContext, service: number) {
  const [link, front] = [await freePort(SERVER), await freePort()];
  const daemon = await start(t, `[tunnel]\n${link}=EXPOSE 127.0.0.1:${front}>127.0.0.1:${service}\n`);
  const status = async () => (await statJson(daemon.port)).tunnels[0];
  return {
    daemon,
    link,
    front,
    status,
    linked: () => until(async () => (await status())?.listening === true, "the link"),
  };
}

const lost = (daemon: DaemonProcess, what: RegExp) => () => what.test(daemon.log());

if (!insideNamespace) {
  test(
    "links with default settings, when addresses and networks go",
    { skip: missing("unshare", "ip", "nft") },
    (context) => runInside(import.meta.url, context),
  );
} else {
  test("a device whose address goes has its link back within 30 s, from another address", async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const move = (address: string): void => {
      ip("address", "add", `${address}/32`, "dev", "lo");
      ip("route", "replace", "local", SERVER, "dev", "lo", "src", address, "table", "local");
    };
    move(BEFORE);
    const server = await startServer(t, echo.port);
    const device = await start(t, `[device]\nserver=${SERVER}:${server.link}\nallow=127.0.0.1:${echo.port}\n`);
    await server.linked();
    assert.match((await server.status())?.link?.address ?? "", /^10\.9\.0\.1:/);
    const client = await Client.open(server.front);
    client.write("hello");
    await client.take(5);
    ip("address", "del", `${BEFORE}/32`, "dev", "lo");
    move(AFTER);
    const since = performance.now();
    const back = async () => /^10\.9\.0\.2:/.test((await server.status())?.link?.address ?? "");
    await until(back, "the link to be back", BACK_WITHIN_MS);
    t.diagnostic(`back after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    assert.match(device.log(), /link lost: our address 10\.9\.0\.1 has gone; the device tries again/);
    await until(() => client.ended || client.closed, "its client to be closed");
    const again = await Client.open(server.front);
    again.write("hello");
    await again.take(5);
    assert.doesNotMatch(server.daemon.log(), /two devices/);
  });

  test("a black hole is found within 45 s on both sides, idle and busy, by ours and others; who stands still blames nobody", async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const idle = await startServer(t, echo.port);
    const busy = await startServer(t, echo.port);
    const [other, busyOther, still] = [
      await startServer(t, echo.port),
      await startServer(t, echo.port),
      await startServer(t, echo.port),
    ];
    const deviceOf = ({ link }: { link: number }) =>
      start(t, `[device]\nserver=${SERVER}:${link}\nallow=127.0.0.1:${echo.port}\n`);
    const [idleDevice, busyDevice] = [await deviceOf(idle), await deviceOf(busy)];
    for (const { link } of [other, busyOther, still]) {
      const client = new ScriptedDevice(await Client.open(link, SERVER));
      client.send(4, 0);
      t.after(() => client.client.destroy());
    }
    for (const server of [idle, busy, other, busyOther, still]) await server.linked();
    const load = [await Client.open(busy.front), await Client.open(busyOther.front)];
    for (const client of load) client.write(Buffer.alloc(64 * 1_048_576));
    await until(async () => ((await busy.status())?.received ?? 0) > 1_000_000, "the transfer");
    dropConnections(idle.link, busy.link, other.link, busyOther.link);
    const since = performance.now();
    const found = async (name: string, daemon: DaemonProcess): Promise<void> => {
      await until(lost(daemon, /link lost: /), `${name} to find it`, FOUND_WITHIN_MS);
      t.diagnostic(`${name}: ${((performance.now() - since) / 1000).toFixed(1)} s`);
    };
    still.daemon.child.kill("SIGSTOP");
    const stood = pause(STANDSTILL_MS).then(() => still.daemon.child.kill("SIGCONT"));
    await Promise.all([
      found("the server, idle", idle.daemon),
      found("the device, idle", idleDevice),
      found("the server, busy", busy.daemon),
      found("the device, busy", busyDevice),
      found("the server, with an idle device of another make", other.daemon),
      found("the server, with a busy device of another make", busyOther.daemon),
    ]);
    await stood;
    await pause(8000); // longer than it waits for an answer
    assert.equal((await still.status())?.listening, true);
    assert.doesNotMatch(still.daemon.log(), /link lost/);
    for (const client of load) client.destroy();
  });
}
