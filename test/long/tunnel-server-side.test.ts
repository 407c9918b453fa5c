// The daemon as tunnel server; the test scripts the device byte by byte.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freePort } from "../support/free-port.js";
import { Client, Device } from "../support/net.js";
import { descriptorsAtRest, faults } from "../support/process.js";
import { isListening } from "../support/proxy-process.js";
import {
  CLOSE,
  CONNECT,
  CREDIT,
  connectPayload,
  DATA,
  FIN,
  frame,
  HELLO,
  LISTEN,
  MOST,
  RESET,
  ScriptedDevice,
} from "../support/tunnel.js";
import { processes, startServer, type TunnelServer } from "../support/tunnels.js";
import { until } from "../support/wait.js";

const SERVICE = "10.41.51.152:23";

/** A server with a device, and a first client whose CONNECT has been taken. */
async function withClient(server: TunnelServer): Promise<{ device: ScriptedDevice; client: Client }> {
  const device = await ScriptedDevice.open(server.port);
  await server.listens();
  const client = await Client.open(server.hosts[0] ?? 0);
  assert.deepEqual(await device.connect(), { id: 0, service: SERVICE });
  return { device, client };
}

/** Waits until the server has read all frames of the device so far, by way of a connected client. */
async function readSoFar(device: ScriptedDevice, id: number, client: Client): Promise<void> {
  device.send(DATA, id, "!");
  assert.equal(await client.take(1), "!");
}

describe("the server's side", { concurrency: 4 }, () => {
  test("host ports are open only while a device is there that has sent LISTEN", async (t) => {
    const server = await startServer(t, [SERVICE, "192.168.0.3:80"]);
    await server.listens(false);
    const device = await ScriptedDevice.open(server.port, { silent: true });
    await until(async () => (await server.status()).links === 1, "the link in STAT");
    for (const host of server.hosts) assert.ok(!isListening(host), "open before LISTEN");
    device.send(LISTEN, 0);
    await server.listens();
    device.client.end();
    await server.listens(false);
    const next = await ScriptedDevice.open(server.port);
    await server.listens();
    next.client.reset();
    await server.listens(false);
    assert.equal((await server.status()).listening, false);
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("each host port asks for its own service, CONNECT before any DATA of the client", async (t) => {
    const services = [SERVICE, "192.168.0.3:80", "127.0.0.1:65535"];
    const server = await startServer(t, services);
    const device = await ScriptedDevice.open(server.port);
    await server.listens();
    for (const [index, service] of services.entries()) {
      const client = await Client.open(server.hosts[index] ?? 0);
      client.write(`hello ${index}`);
      assert.deepEqual(await device.connect(), { id: index, service });
      assert.equal(await device.data(index, 7), `hello ${index}`);
      device.send(DATA, index, `welcome ${index}`);
      assert.equal(await client.take(9), `welcome ${index}`);
    }
  });

  test("closed at client request: CLOSE after all of its DATA", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    client.write("last words");
    assert.equal(await device.data(0, 10), "last words");
    client.reset();
    await device.closes(0, 3000);
  });

  test("closed at service request: the client has all of the DATA before its end", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    const text = "x".repeat(200_000);
    for (let at = 0; at < text.length; at += 50_000) device.send(DATA, 0, text.slice(at, at + 50_000));
    device.send(CLOSE, 0);
    assert.equal(await client.rest(), text);
    client.end();
    await until(() => client.closed, "the client to be closed");
  });

  test("closed with the link: every client of it, however the link ends, and no descriptor is left", async (t) => {
    const server = await processes.startServer(t, [SERVICE, "10.0.0.1:80"]);
    const before = await descriptorsAtRest(server.daemon);
    for (const end of ["end", "reset"] as const) {
      const device = await ScriptedDevice.open(server.port);
      await server.listens();
      const clients: Client[] = [];
      for (const host of [...server.hosts, ...server.hosts]) clients.push(await Client.open(host));
      for (const _ of clients) await device.connect();
      device.client[end]();
      await until(() => clients.every((client) => client.closed || client.ended), "all clients closed", 10_000);
      await server.listens(false, 10_000);
      for (const client of clients) client.destroy();
      device.client.destroy();
    }
    await until(async () => (await descriptorsAtRest(server.daemon)) <= before, "the descriptors to be closed");
  });

  test("a client that sends FIN gets the rest of the answer; CLOSE follows when the service is silent", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    client.write("question");
    client.end();
    assert.equal(await device.data(0, 8), "question");
    const since = performance.now();
    device.send(DATA, 0, "answer");
    assert.equal(await client.take(6), "answer");
    device.send(DATA, 0, "more");
    assert.equal(await client.take(4), "more");
    await device.closes(0, 9000);
    const ms = performance.now() - since;
    assert.ok(ms > 950, `closed after ${ms} ms of silence`);
    await until(() => client.closed, "the client to be closed");
  });

  test("a client that resets is told at once, behind its bytes: by CLOSE, or by RESET to a device that knows it", async (t) => {
    for (const hello of [false, true]) {
      const server = await startServer(t, [SERVICE]);
      const { device, client } = await withClient(server);
      if (hello) device.send(HELLO, 0, "fin credit reset");
      client.write("half");
      assert.equal(await device.data(0, 4), "half");
      client.reset();
      await device.expect(hello ? RESET : CLOSE, 0);
    }
  });

  test("a device that knows FIN gets it at once, and the client its own; without CREDIT it gets 256 KiB", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    device.send(HELLO, 0, "fin credit reset");
    client.write("q".repeat(300_000));
    client.end();
    await device.data(0, 262_144);
    device.send(CREDIT, 0, Buffer.from([0, 1, 0, 0]));
    await device.data(0, 300_000 - 262_144);
    await device.expect(FIN, 0);
    device.send(DATA, 0, "answer");
    device.send(FIN, 0);
    assert.equal(await client.rest(), "answer");
    await device.closes(0);
  });

  test("frames cut at every byte, and many in one packet", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    const stream = Buffer.concat([
      frame(9, 77, "no such command"),
      frame(DATA, 0, "one,"),
      frame(DATA, 0),
      frame(LISTEN, 0, "surplus"),
      frame(CONNECT, 0, connectPayload("10.0.0.1", 80)),
      frame(CLOSE, 200, "surplus"),
      frame(DATA, 200, "nobody's"),
      frame(DATA, 0, "two;"),
    ]);
    await device.dribble(stream);
    assert.equal(await client.take(8), "one,two;");
    for (let cut = 0; cut <= stream.length; cut += 1) {
      device.write(stream.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      device.write(stream.subarray(cut));
      assert.equal(await client.take(8), "one,two;", `cut at ${cut}`);
    }
    device.write(Buffer.concat(Array.from({ length: 500 }, () => stream)));
    assert.equal(await client.take(4000), "one,two;".repeat(500));
    assert.equal(client.bytes.length, 0);
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("DATA of any size: 65,535 bytes, and none", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    const most = "abcdefg".repeat(9363).slice(0, MOST);
    device.send(DATA, 0, "");
    device.send(DATA, 0, most);
    device.send(DATA, 0, "");
    device.send(DATA, 0, most);
    assert.equal(await client.take(2 * MOST), most + most);
    client.write(most + most + most);
    assert.equal(await device.data(0, 3 * MOST), most + most + most);
  });

  test("DATA for clients closed or never there is dropped", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    const other = await Client.open(server.hosts[0] ?? 0);
    assert.equal((await device.connect()).id, 1);
    other.reset();
    await device.closes(1);
    for (const id of [1, 2, 255]) device.send(DATA, id, "x".repeat(1000));
    await readSoFar(device, 0, client);
    device.send(CLOSE, 1);
    const next = await (async () => {
      await readSoFar(device, 0, client);
      return Client.open(server.hosts[0] ?? 0);
    })();
    assert.equal((await device.connect()).id, 1);
    device.send(DATA, 1, "fresh");
    assert.equal(await next.take(5), "fresh");
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("a new device replaces its predecessor at once", async (t) => {
    const server = await startServer(t, [SERVICE]);
    const { device, client } = await withClient(server);
    const next = await ScriptedDevice.open(server.port);
    await device.ended(10_000);
    await until(() => client.closed || client.ended, "the client of the old link to be closed", 10_000);
    await server.listens(true, 10_000);
    let fresh: Client | undefined; // the ports may have closed for a moment
    await until(async () => {
      fresh = await Client.open(server.hosts[0] ?? 0).catch(() => undefined);
      return fresh !== undefined;
    }, "a client to be let in");
    assert.deepEqual(await next.connect(), { id: 0, service: SERVICE });
    next.send(DATA, 0, "new");
    assert.equal(await fresh?.take(3), "new");
    assert.equal((await server.status()).links, 2);
    assert.ok(!next.client.ended);
  });

  test("a host port that is in use is logged, and the others are open", async (t) => {
    const server = await startServer(t, [SERVICE, "10.0.0.1:80"]);
    const [taken = 0, free = 0] = server.hosts;
    const squatter = await Device.open("127.0.0.1", taken);
    t.after(() => squatter.close());
    const device = await ScriptedDevice.open(server.port);
    await until(() => isListening(free), "the other port to be open");
    await Client.open(free);
    assert.equal((await device.connect()).service, "10.0.0.1:80");
    assert.match(server.daemon.log(), new RegExp(`WARN.*${taken}|${taken}.*(use|taken|EADDRINUSE)`));
  });

  test("STAT JSON shows the link and its clients", async (t) => {
    const server = await startServer(t, [SERVICE, "10.0.0.1:80"]);
    const idle = await server.status();
    assert.equal(idle.listening, false);
    assert.equal(idle.link, undefined);
    assert.equal(idle.exposed.length, 2);
    assert.equal(idle.links, 0);
    const { device, client } = await withClient(server);
    client.write("12345");
    await device.data(0, 5);
    await readSoFar(device, 0, client);
    const busy = await server.status();
    assert.equal(busy.listening, true);
    assert.equal(busy.links, 1);
    assert.match(busy.link?.address ?? "", /^127\.0\.0\.1/);
    assert.equal(busy.link?.clients, 1);
    assert.ok((busy.link?.ageMs ?? -1) >= 0 && (busy.link?.ageMs ?? 1e9) < 30_000);
    assert.ok((busy.link?.received ?? 0) >= 1 && (busy.link?.sent ?? 0) >= 5, JSON.stringify(busy.link));
  });

  test("a wrong line is reported with its place, and the daemon does not start", async (t) => {
    for (const wrong of [
      "nonsense",
      "127.0.0.1:80>",
      "127.0.0.1:80>10.0.0.1:80 STAL=often",
      "127.0.0.1:99999>10.0.0.1:80",
    ]) {
      const starting = processes.startServer(t, [SERVICE], { sections: `${await freePort()}=EXPOSE ${wrong}\n` });
      await assert.rejects(starting, /ended with [^0].*conf:3: \[tunnel\]/s);
    }
  });
});
