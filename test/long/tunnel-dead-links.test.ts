import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { startDaemon } from "../support/daemon.js";
import { startEcho } from "../support/echo.js";
import { freePort } from "../support/free-port.js";
import { blackHole, insideNamespace, noBlackHole, runInside } from "../support/namespace.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { descriptors, descriptorsAtRest } from "../support/process.js";
import { until } from "../support/wait.js";

const SERVER = "127.0.0.9"; // where the link is; clients and services are elsewhere
/** keepalive=1: ten probes, a second apart; with data in flight it takes some seconds more. */
const FOUND_WITHIN_MS = 30_000;
const BACK_WITHIN_MS = 5000;

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
}
