// One device with several servers: its clients may come to any of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { startEcho } from "../../support/echo.js";
import { startHere } from "../../support/in-process.js";
import { Client, reload } from "../../support/net.js";
import { statJson } from "../../support/stat-json.js";
import { startServer } from "../../support/tunnels.js";
import { until } from "../../support/wait.js";

async function echoed(client: Client, text: string): Promise<void> {
  client.write(text);
  assert.equal(await client.take(text.length), text);
}

test("a device is linked to each of its servers, and a reload that takes one away leaves the other as it is", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.stop());
  const service = `127.0.0.1:${echo.port}`;
  const [one, two] = [await startServer(t, [service]), await startServer(t, [service])];
  const text = (...ports: number[]) => {
    const servers = ports.map((port) => `127.0.0.1:${port}`).join(", ");
    return `[device home]\nserver=${servers}\nallow=${service}\n`;
  };
  const config = new ConfigFile(text(one.port, two.port));
  const device = await startHere("-c", config.path);
  t.after(() => device.discard());
  await Promise.all([one.listens(), two.listens()]);
  const clients = [await Client.open(one.hosts[0] ?? 0), await Client.open(two.hosts[0] ?? 0)] as const;
  for (const client of clients) await echoed(client, "by either");
  const { devices } = await statJson(device.port);
  assert.deepEqual(
    devices.map(({ server, link }) => [server, link?.clients]),
    [one, two].map(({ port }) => [`127.0.0.1:${port}`, 1]),
  );
  config.write(text(two.port));
  await reload(device.port);
  await one.listens(false);
  await until(() => clients[0].closed || clients[0].ended, "the end of the client of the first");
  await echoed(clients[1], "still here");
  config.write(text(two.port, one.port));
  await reload(device.port);
  await one.listens();
  await echoed(clients[1], "and again");
  for (const client of clients) client.destroy();
});
