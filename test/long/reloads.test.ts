// Reloads under load.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { portAnswers, startDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { Client, Device, reload } from "../support/net.js";

test("100 reloads during 500 live sessions: none is broken, no client refused", async (t) => {
  const device = await Device.open();
  t.after(() => device.close());
  const direct = await freePort();
  const texts = [1, 2].map((pace) => `[direct]\n${direct}=127.0.0.1:${device.port} PACE=${pace}\n`);
  const config = new ConfigFile(texts[0]);
  const daemon = await startDaemon("-c", config.path);
  const clients: Client[] = [];
  const before = device.clients.length;
  for (let count = 0; count < 500; count += 1) clients.push(await Client.open(direct));
  const remotes = await Promise.all(clients.map((_, index) => device.client(before + index)));
  let rounds = 0;
  let reloading = true;
  const echo = async (client: Client, remote: Client): Promise<void> => {
    do {
      client.write("to the remote\n");
      assert.equal(await remote.line(), "to the remote");
      remote.write("and back\n");
      assert.equal(await client.line(), "and back");
      rounds += 1;
    } while (reloading);
  };
  // a device that answers by port gives its clients in the order they came: pairs are found by what they say
  const pairs = await paired(clients, remotes);
  const echoes = Promise.all(pairs.map(([client, remote]) => echo(client, remote)));
  for (let count = 1; count <= 100; count += 1) {
    config.write(texts[count % 2] ?? "");
    assert.equal(await reload(daemon.port), "OK RELD");
    await portAnswers(direct);
  }
  reloading = false;
  await echoes;
  assert.ok(rounds >= 500);
  for (const client of clients) client.destroy();
  assert.equal(await daemon.stop(), 0);
});

/** Finds the device's side of each client. */
async function paired(clients: readonly Client[], remotes: readonly Client[]): Promise<[Client, Client][]> {
  const byName = new Map<string, Client>();
  for (const [index, client] of clients.entries()) client.write(`${index}\n`);
  for (const remote of remotes) byName.set(await remote.line(), remote);
  return clients.map((client, index) => [client, byName.get(String(index)) as Client]);
}
