import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { startDaemon } from "../support/daemon.js";
import { FakeLuup } from "../support/luup.js";
import { blackHole, insideNamespace, runInside } from "../support/namespace.js";
import { Client, Device } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

const KEEPALIVE_S = 2;
/** The kernel asks ten times, a second apart; data that is sent again is looked at every other second. */
const FOUND_WITHIN_MS = (KEEPALIVE_S + 10 + 2 + 6) * 1000;

if (!insideNamespace) {
  test("peers that vanish without a word are found", { skip: missing("unshare", "ip", "nft") }, (context) =>
    runInside(import.meta.url, context),
  );
} else {
  test("clients and remotes that vanish are let go, silent ones and such as swallow data, and plugins are told", async () => {
    const luup = await new FakeLuup().start();
    const config = new ConfigFile(`[host]\nvera=${luup.url}\nkeepalive=${KEEPALIVE_S}\n`);
    const daemon = await startDaemon("-c", config.path);

    /** A connection from one address of the loopback to another. */
    async function open(clientAddress: string, remoteAddress: string) {
      const device = await Device.open(remoteAddress);
      const socket = connect({
        port: daemon.port,
        host: "127.0.0.1",
        localAddress: clientAddress,
        allowHalfOpen: true,
      });
      const client = new Client(socket);
      await once(socket, "connect");
      await client.line();
      client.write(`CONN ${remoteAddress}:${device.port} NTFY=1/s/a\n`);
      const pid = (await client.line()).split(" ")[2] ?? "";
      return { client, pid, device, remote: await device.client() };
    }

    const silentRemote = await open("127.0.0.1", "127.0.0.9");
    const swallowingRemote = await open("127.0.0.1", "127.0.0.10");
    const silentClient = await open("127.0.0.11", "127.0.0.1");
    const swallowingClient = await open("127.0.0.12", "127.0.0.1");
    const fullClient = await open("127.0.0.13", "127.0.0.1");
    const healthy = await open("127.0.0.1", "127.0.0.1");
    const dead = [silentRemote, swallowingRemote, silentClient, swallowingClient, fullClient];
    blackHole("127.0.0.9", "127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13");
    const since = performance.now();
    swallowingRemote.client.write("nobody acknowledges this");
    swallowingClient.remote.write("nor this");
    fullClient.remote.write(Buffer.alloc(16 * 1024 * 1024)); // more than the buffers on the way hold

    for (const { remote } of [silentClient, swallowingClient, fullClient]) {
      await until(() => remote.closed || remote.ended, "the remote to be let go", FOUND_WITHIN_MS);
    }
    for (const { client } of [silentRemote, swallowingRemote]) {
      await until(() => client.closed || client.ended, "the client to be told", FOUND_WITHIN_MS);
      client.end();
    }
    const took = performance.now() - since;
    assert.ok(took > KEEPALIVE_S * 1000, `${took} ms`);
    for (const { pid } of dead) await luup.received(pid, 1);
    const ends = (): string[] => daemon.log().match(/closed: (client|remote) does not answer \(.*\)/g) ?? [];
    await until(() => ends().length >= dead.length, "the log to tell");
    const lines = ends();
    assert.equal(lines.length, dead.length, daemon.log());
    assert.ok(lines.filter((line) => line.includes("(no acknowledgement for 12 s)")).length >= 3, lines.join("\n"));

    healthy.client.write("still here\n");
    assert.equal(await healthy.remote.line(), "still here");
    for (const { device, client } of [...dead, healthy]) {
      client.destroy();
      device.close();
    }
    assert.equal(await daemon.stop(), 0);
    await luup.stop();
  });
}
