// Large transfers through a tunnel, and a link that is cut during them.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Network } from "../support/cut.js";
import { roundTrip, startEcho } from "../support/echo.js";
import { Client, Device } from "../support/net.js";
import { descriptorsAtRest, faults, resident } from "../support/process.js";
import { Download, startTapes } from "../support/transfer.js";
import { processes, startTunnel } from "../support/tunnels.js";
import { pause, until } from "../support/wait.js";

const HOST = "127.0.0.1";
const MIB = 1_048_576;
const CLIENTS = 20;
const HALTED = 80;
const EACH = Number(process.env["TUNNEL_MIB"] ?? 3) * MIB;
const CUTS = Number(process.env["TUNNEL_CUTS"] ?? 5);
const BACK_WITHIN_MS = 5000 + 10_000; // ten seconds for a busy machine

async function tapes(t: TestContext) {
  const service = await startTapes();
  t.after(() => service.stop());
  return service;
}

describe("transfers", () => {
  test("20 clients at once, each with its own bytes, while one never reads", async (t) => {
    const service = await tapes(t);
    const { server, device } = await processes.startTunnel(t, [`${HOST}:${service.port}`], { options: "STAL=1" });
    const [host = 0] = server.hosts;
    const deaf = new Download(host, 99, EACH);
    deaf.socket.pause();
    const downloads = Array.from({ length: CLIENTS }, (_, key) => new Download(host, key, EACH));
    for (const [key, { done }] of downloads.entries()) {
      assert.deepEqual(await done, { count: EACH, right: true, error: undefined }, `client ${key}`);
    }
    const kept = Math.max(resident(server.daemon), resident(device.daemon)) / MIB;
    t.diagnostic(`${kept.toFixed(0)} MiB resident`);
    assert.ok(kept < 250, `${kept} MiB`);
    assert.equal((await server.status()).stalled, 0, "it keeps nobody waiting");
    deaf.socket.resume();
    assert.deepEqual(
      await deaf.done,
      { count: EACH, right: true, error: undefined },
      "the one that has not read so far",
    );
    await until(() => service.sockets.size === 0, "the services to be told");
    for (const { daemon } of [server, device]) assert.deepEqual(faults(daemon.log()), []);
  });

  test("a service that takes its upload slowly is not cut by half-close=3, and its answer arrives", async (t) => {
    const service = await Device.open();
    t.after(() => service.close());
    const { server, device } = await startTunnel(t, [`${HOST}:${service.port}`], { options: "HALF=3" });
    const client = await Client.open(server.hosts[0] ?? 0);
    const upload = "u".repeat(12 * MIB);
    client.socket.end(upload);
    const side = await service.client();
    side.socket.pause();
    const since = performance.now();
    while (!side.ended && side.bytes.length < upload.length) {
      side.socket.resume();
      await pause(5);
      side.socket.pause();
      await pause(900);
    }
    assert.ok(performance.now() - since > 5000, "the service was too quick for this test");
    side.socket.resume();
    await until(() => side.ended, "the client's FIN");
    assert.equal(side.bytes.length, upload.length);
    side.socket.end("thanks");
    assert.equal(await client.rest(), "thanks");
    for (const { daemon } of [server, device]) assert.deepEqual(faults(daemon.log()), []);
  });

  test("many clients that do not read do not affect the others, and get everything once they read", async (t) => {
    const service = await tapes(t);
    const { server } = await startTunnel(t, [`${HOST}:${service.port}`]);
    const [host = 0] = server.hosts;
    const length = 8 * MIB;
    const deaf = Array.from({ length: HALTED }, (_, key) => new Download(host, key, length));
    for (const { socket } of deaf) socket.pause();
    await until(async () => (await server.status()).clients === HALTED, "all of them");
    for (let key = 0; key < 10; key += 1) {
      assert.deepEqual(await new Download(host, key, MIB).done, { count: MIB, right: true, error: undefined });
    }
    assert.equal((await server.status()).stalled, 0);
    for (const { socket } of deaf) socket.resume();
    for (const { done } of deaf) assert.deepEqual(await done, { count: length, right: true, error: undefined });
  });

  test("an echo stays quick beside a bulk transfer", async (t) => {
    const [service, echo] = [await tapes(t), await startEcho()];
    t.after(() => echo.stop());
    const { server } = await startTunnel(t, [`${HOST}:${service.port}`, `${HOST}:${echo.port}`]);
    const [bulk = 0, host = 0] = server.hosts;
    const length = 1000 * MIB;
    const download = new Download(bulk, 1, length);
    await until(() => download.count > MIB, "the transfer to run");
    const client = await Client.open(host);
    const times: number[] = [];
    while (times.length < 25) {
      const since = performance.now();
      await roundTrip(client, "x".repeat(64));
      times.push(performance.now() - since);
    }
    assert.ok(download.count < length, "the transfer was over before");
    download.socket.destroy();
    times.sort((a, b) => a - b);
    const middle = times[Math.floor(times.length / 2)] ?? 0;
    t.diagnostic(`${times.length} echoes: median ${middle.toFixed(1)} ms, worst ${times.at(-1)?.toFixed(1)} ms`);
    assert.ok((times.at(-1) ?? 0) < 10_000, `median ${middle} ms of ${times.length}`);
  });

  for (const options of ["", "BLKS=1000", "MONI=line MONF=id"]) {
    test(`uploads arrive whole, too, with ${options || "no options"}`, async (t) => {
      const echo = await startEcho();
      t.after(() => echo.stop());
      const { server } = await startTunnel(t, [`${HOST}:${echo.port}`], { options });
      const text = Array.from({ length: 100_000 }, (_, index) => `line ${index}`).join("\n");
      await Promise.all(
        [1, 2, 3, 4].map(async () => {
          const client = await Client.open(server.hosts[0] ?? 0);
          await roundTrip(client, text);
          client.destroy();
        }),
      );
    });
  }

  test("the link is cut again and again in the middle of transfers", async (t) => {
    const service = await tapes(t);
    let network: Network | undefined;
    const { server, device } = await processes.startTunnel(t, [`${HOST}:${service.port}`], {
      through: async (port) => {
        network = await Network.open(port);
        return network.port;
      },
    });
    t.after(() => network?.close());
    const [host = 0] = server.hosts;
    const rest = async () => [await descriptorsAtRest(server.daemon), await descriptorsAtRest(device.daemon)];
    const before = await rest();
    for (let round = 0; round < CUTS; round += 1) {
      const downloads = Array.from({ length: 5 }, (_, key) => new Download(host, key, 200 * MIB));
      await until(() => downloads.every(({ count }) => count > 100_000), "the transfers to run");
      network?.cut();
      const since = performance.now();
      let over = false;
      const ended = Promise.all(downloads.map(({ done }) => done)).finally(() => {
        over = true;
      });
      await until(() => over, "the clients to be closed", 10_000);
      for (const { count, right } of await ended) assert.ok(right && count < 200 * MIB);
      await until(() => service.sockets.size === 0, "the services to be closed", 10_000);
      await until(async () => (await server.status()).links > round + 1, "a new link", BACK_WITHIN_MS);
      await server.listens(true, BACK_WITHIN_MS);
      assert.ok(performance.now() - since < BACK_WITHIN_MS);
      assert.equal((await server.status()).link?.clients, 0);
    }
    assert.deepEqual(await new Download(host, 7, MIB).done, { count: MIB, right: true, error: undefined });
    await until(async () => (await rest()).every((count, index) => count <= (before[index] ?? 0)), "the descriptors");
    await device.daemon.stop();
    await server.listens(false, 10_000);
    for (const { daemon } of [server, device]) assert.deepEqual(faults(daemon.log()), []);
  });
});
