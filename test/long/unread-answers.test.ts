// Replies, pages and messages that a peer does not read cost little memory.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, Device, greet, relayed } from "../support/net.js";
import { faults, resident } from "../support/process.js";
import { until } from "../support/wait.js";
import { Watcher } from "../support/watcher.js";
import { ask, startWeb, startWebProcess } from "../support/web.js";

const MIB = 1_048_576;
const CONNECTIONS = 100;
const LONG = `NTFY=5/urn:x/${"a".repeat(3900)}`; // makes 8 kB of each connection's status

let device: Device;
before(async () => {
  device = await Device.open();
});
after(() => device.close());

/** A daemon with connections whose status is long. */
async function busyDaemon(t: Parameters<typeof startWeb>[0]) {
  const started = await startWebProcess(t);
  for (let count = 0; count < CONNECTIONS; count += 1) {
    const { client } = await relayed(started.daemon.port, device, LONG);
    t.after(() => client.destroy());
  }
  return started;
}

/** A client that sends commands and does not read. */
async function unreading(port: number, text: string): Promise<Client> {
  const client = await Client.open(port);
  client.socket.pause();
  client.write(text);
  return client;
}

/** Waits until the memory has not grown for a second; returns how much it has grown since. */
async function growth(daemon: Parameters<typeof resident>[0], since: number): Promise<number> {
  let most = resident(daemon);
  let at = performance.now();
  await until(
    () => {
      const now = resident(daemon);
      if (now > most) [most, at] = [now, performance.now()];
      return performance.now() - at > 1000;
    },
    "memory to be at rest",
    30_000,
  );
  return (most - since) / MIB;
}

test("clients that send STAT again and again without reading cost little; a client that reads gets everything", async (t) => {
  const { daemon } = await busyDaemon(t);
  const before = resident(daemon);
  const clients: Client[] = [];
  // 60 × 20 × 0.8 MB, of which the kernel takes some
  for (let count = 0; count < 60; count += 1) clients.push(await unreading(daemon.port, "STAT JSON\n".repeat(20)));
  const { client } = await greet(daemon.port);
  client.write("STAT JSON\nBILD\n");
  const status = JSON.parse(await client.line(20_000)) as { connections: { notify?: object }[] };
  assert.equal(status.connections.filter(({ notify }) => notify !== undefined).length, CONNECTIONS);
  assert.match(await client.line(), /^OK \d+$/);
  const grown = await growth(daemon, before);
  assert.ok(grown < 64, `${grown} MiB more`);
  for (const each of [client, ...clients]) each.destroy();
  assert.deepEqual(faults(daemon.log()), []);
});

test("a reader of the web page that sends many requests at once gets one answer, and costs little", async (t) => {
  const { web, daemon } = await busyDaemon(t);
  const before = resident(daemon);
  const request = "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  const flood = await unreading(web, request.repeat(300));
  const polite = await Client.open(web);
  polite.write(request.repeat(2));
  const rest = await polite.rest(20_000);
  assert.match(rest, /^HTTP\/1\.1 200 /);
  assert.match(rest, /\r\n0\r\n\r\nHTTP\/1\.1 429 .*Connection: close\r\n/s);
  assert.equal(rest.match(/HTTP\/1\.1 /g)?.length, 2);
  const stuck = await Promise.all(Array.from({ length: 40 }, () => unreading(web, request)));
  const grown = await growth(daemon, before);
  assert.ok(grown < 64, `${grown} MiB more`);
  assert.match(daemon.log(), /rejected by web port \d+: it sends requests without end/);
  for (const each of [flood, polite, ...stuck]) each.destroy();
  assert.deepEqual(faults(daemon.log()), []);
});

test("watchers that do not read cost little", async (t) => {
  const { daemon } = await startWebProcess(t);
  const { client, remote } = await relayed(daemon.port, device);
  const text = `${"x".repeat(99)}\n`.repeat(1000);
  let arrived = 0;
  remote.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
    arrived += chunk.length;
  });
  let sent = 0;
  const send = async (): Promise<void> => {
    client.write(text);
    sent += text.length;
    await until(() => arrived === sent, "all to arrive");
  };
  for (let count = 0; count < 100; count += 1) await send(); // what a relay costs by itself
  const watchers: Watcher[] = [];
  for (let count = 0; count < 20; count += 1) {
    const watcher = await Watcher.open(daemon.port, count % 2 === 0 ? "MONI=line" : "MONI=line MONF=json");
    watcher.client.socket.pause();
    watchers.push(watcher);
  }
  const before = resident(daemon);
  for (let count = 0; count < 100; count += 1) await send(); // 20 × 25 MB of lines
  const grown = await growth(daemon, before);
  assert.ok(grown < 40, `${grown} MiB more`);
  for (const watcher of watchers) watcher.client.destroy();
  client.destroy();
  assert.deepEqual(faults(daemon.log()), []);
});

test("a message stream requested too early does not begin, and no stream outlives its reader", async (t) => {
  const { web } = await startWeb(t);
  const first = "GET /page.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  const stream = "GET /messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  for (const requests of [first + stream, stream + stream, first + stream.repeat(20), stream, stream.repeat(20)]) {
    for (let count = 0; count < 5; count += 1) {
      const client = await Client.open(web);
      client.write(requests);
      await until(() => client.bytes.length > 0 || client.ended || client.closed, "an answer");
      client.destroy();
    }
  }
  await until(async () => (await ask(web, "/metrics")).body.includes("\nsockproxyd_watchers 0\n"), "all to have left");
  for (let count = 0; count < 16; count += 1) await unreading(web, stream);
  await until(async () => (await ask(web, "/metrics")).body.includes("\nsockproxyd_watchers 16\n"), "16 to be there");
});
