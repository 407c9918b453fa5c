import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { startDaemon } from "../support/daemon.js";
import { roundTrip, startEcho } from "../support/echo.js";
import { freePort } from "../support/free-port.js";
import { blackHole, insideNamespace, noBlackHole, runInside } from "../support/namespace.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { descriptors, descriptorsAtRest } from "../support/process.js";
import { Download, EchoTransfer, startTapes } from "../support/transfer.js";
import { until } from "../support/wait.js";

const SERVER = "127.0.0.9"; // where the link is; clients and services are elsewhere
/** keepalive=1: ten probes, a second apart; with data in flight it takes some seconds more. */
const FOUND_WITHIN_MS = 30_000;
const BACK_WITHIN_MS = 20_000;

/** Connects to a port as soon as it has a listener. */
async function reached(port: number, withinMs: number): Promise<Client> {
  let client: Client | undefined;
  await until(
    async () => {
      client = await Client.open(port).catch(() => undefined);
      return client !== undefined;
    },
    `port ${port}`,
    withinMs,
  );
  return client as Client;
}

if (!insideNamespace) {
  test("a link whose peer vanishes", { skip: missing("unshare", "ip", "nft") }, (context) =>
    runInside(import.meta.url, context),
  );
} else {
  test("in the middle of a transfer: clients are closed, and it is up again 5 s after the network is", async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const [link, front] = [await freePort(SERVER), await freePort()];
    const host = "[host]\nkeepalive=1\n";
    const lines = `[tunnel]\n${link}=EXPOSE 127.0.0.1:${front}>127.0.0.1:${echo.port}\n`;
    const server = await startDaemon("-c", new ConfigFile(host + lines).path);
    const device = await startDaemon(
      "-c",
      new ConfigFile(`${host}[device]\nserver=${SERVER}:${link}\nallow=127.0.0.1:${echo.port}\n`).path,
    );
    t.after(async () => {
      await server.stop("SIGKILL");
      await device.stop("SIGKILL");
    });
    (await reached(front, BACK_WITHIN_MS)).reset();
    const before = await Promise.all([descriptorsAtRest(server), descriptorsAtRest(device)]);
    for (let cut = 0; cut < Number(process.env["TUNNEL_HOLES"] ?? 1); cut += 1) {
      const clients = [await Client.open(front), await Client.open(front)];
      for (const client of clients) {
        client.write("hello");
        await client.take(5);
        client.write(Buffer.alloc(16 * 1_048_576)); // on its way when the network goes
      }
      blackHole(SERVER);
      await until(() => clients.every(({ ended, closed }) => ended || closed), "the clients' ends", FOUND_WITHIN_MS);
      for (const client of clients) client.destroy();
      await assert.rejects(Client.open(front), { code: "ECONNREFUSED" });
      noBlackHole();
      const since = performance.now();
      const again = await reached(front, BACK_WITHIN_MS);
      again.write("hello");
      await again.take(5);
      again.destroy();
      t.diagnostic(`up again after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    }
    const restored = (): boolean =>
      [server, device].every((daemon, side) => descriptors(daemon) <= (before[side] ?? 0));
    await until(restored, "the descriptors to be closed", FOUND_WITHIN_MS); // who has half-closed has 5 s
  });

  test("with resume: the clients of a transfer survive a black hole that both sides have found", async (t) => {
    const [echo, tapes] = [await startEcho(), await startTapes()];
    t.after(() => {
      echo.stop();
      tapes.stop();
    });
    const [link, front, bulk] = [await freePort(SERVER), await freePort(), await freePort()];
    const services = [`127.0.0.1:${echo.port}`, `127.0.0.1:${tapes.port}`];
    const host = "[host]\nkeepalive=1\n";
    const exposed = `127.0.0.1:${front}>${services[0]} 127.0.0.1:${bulk}>${services[1]}`;
    const server = await startDaemon("-c", new ConfigFile(`${host}[tunnel]\n${link}=EXPOSE ${exposed} RSUM=30\n`).path);
    const device = await startDaemon(
      "-c",
      new ConfigFile(`${host}[device]\nserver=${SERVER}:${link}\nallow=${services.join(", ")}\n`).path,
    );
    t.after(async () => {
      await server.stop("SIGKILL");
      await device.stop("SIGKILL");
    });
    const talker = await reached(front, BACK_WITHIN_MS);
    await roundTrip(talker, "before");
    const length = 3_000_000_000;
    const download = new Download(bulk, 1, length);
    const upload = new EchoTransfer(front, 2, 200_000_000);
    await until(() => download.count > 1_000_000 && upload.count > 1_000_000, "the transfers to run");
    blackHole(SERVER);
    const since = performance.now();
    const found = (daemon: { log(): string }): boolean => /link lost: .* wait/.test(daemon.log());
    await until(() => found(server) && found(device), "both sides to find it", FOUND_WITHIN_MS);
    t.diagnostic(`found after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    const fresh = await Client.open(front);
    fresh.write("meanwhile");
    noBlackHole();
    assert.equal(await fresh.take(9, BACK_WITHIN_MS), "meanwhile");
    await roundTrip(talker, "after");
    const { count } = download;
    await until(() => download.count > count + 10_000_000, "the transfer to go on");
    download.socket.destroy();
    assert.deepEqual(await upload.done, { count: 200_000_000, right: true, error: undefined });
    assert.ok((await download.done).right);
    for (const client of [talker, fresh]) client.destroy();
  });
}
