// Links that survive the loss of their connection (resume=). Both ends are in this process.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { BadNetwork, type Cut, cutsWithin } from "../../support/bad-network.js";
import { localhostPairs } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, reload } from "../../support/net.js";
import { faults } from "../../support/process.js";
import { isListening } from "../../support/proxy-process.js";
import { Random } from "../../support/random.js";
import { statJson } from "../../support/stat-json.js";
import { Download, EchoTransfer, startTapes } from "../../support/transfer.js";
import { startTunnel } from "../../support/tunnels.js";
import { pause, until } from "../../support/wait.js";

const HOST = "127.0.0.1";
const MIB = 1_048_576;
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);

/** Both ends of a tunnel with such a network between them, to an echo and a service of tapes. */
async function tunnel(t: TestContext, options: string, plan: readonly Cut[] = []) {
  const [echo, tapes] = [await startEcho(), await startTapes()];
  let network: BadNetwork | undefined;
  const ends = await startTunnel(t, [`${HOST}:${echo.port}`, `${HOST}:${tapes.port}`], {
    options,
    through: async (port) => {
      network = await BadNetwork.open(port, plan);
      return network.port;
    },
  });
  assert.ok(network !== undefined);
  const { close } = network;
  t.after(() => {
    close.call(network);
    echo.stop();
    tapes.stop();
  });
  const [echoPort = 0, tapesPort = 0] = ends.server.hosts;
  return { ...ends, network, echoPort, tapesPort, tapes };
}

describe("resume", { concurrency: 4 }, () => {
  const pairs = localhostPairs();

  test(`10 cuts at random bytes within 10 MB: everything arrives, no client is closed; seed ${SEED}`, async (t) => {
    const random = new Random(SEED);
    const downMs = Array.from({ length: 10 }, () => random.between(0, 20));
    const cuts = cutsWithin(random, 9_000_000, downMs);
    const { server, device, network, echoPort, tapesPort } = await tunnel(t, "RSUM=20", cuts);
    const talker = await Client.open(echoPort);
    const transfers = [
      ...[1, 2].map((key) => new Download(tapesPort, key, 3 * MIB)),
      ...[3, 4].map((key) => new EchoTransfer(echoPort, key, 2 * MIB)),
    ];
    for (const [key, { done }] of transfers.entries()) {
      const length = key < 2 ? 3 * MIB : 2 * MIB;
      assert.deepEqual(await done, { count: length, right: true, error: undefined }, `transfer ${key}`);
    }
    await roundTrip(talker, "still here");
    talker.destroy();
    assert.equal(network.cuts, 10);
    const status = await server.status();
    assert.ok(status.resumed >= 5, `${status.resumed} resumed`); // a cut may come amid the greeting that follows another one
    assert.equal(status.links, 1);
    for (const { daemon } of [server, device]) assert.deepEqual(faults(daemon.log()), []);
  });

  test("without a network for a while: ports stay open, a new client waits and gets its connection, FIN and all", async (t) => {
    const { network, echoPort, server } = await tunnel(t, "RSUM=20");
    const [old, leaving] = [await Client.open(echoPort), await Client.open(echoPort)];
    await roundTrip(old, "before");
    network.down = true;
    network.cut("reset");
    await until(async () => (await server.status()).link?.resuming === true, "the server to see it");
    const fresh = await Client.open(echoPort);
    for (const client of [old, fresh, leaving]) client.write("meanwhile");
    leaving.socket.end();
    network.down = false;
    for (const client of [old, fresh]) assert.equal(await client.take(9), "meanwhile");
    assert.equal((await leaving.rest()).toString(), "meanwhile");
    assert.ok(!old.closed && !old.ended && !fresh.closed && !fresh.ended);
    for (const client of [old, fresh]) client.destroy();
  });

  test("a client that has sent FIN waits for its answer through a cut, however short half-close is", async (t) => {
    const service = await Device.open();
    t.after(() => service.close());
    const networks: BadNetwork[] = [];
    const { server } = await startTunnel(t, [`${HOST}:${service.port}`], {
      options: "RSUM=20 HALF=0.7",
      through: async (port) => {
        networks.push(await BadNetwork.open(port));
        return networks[0]?.port ?? 0;
      },
    });
    const [network] = networks;
    assert.ok(network !== undefined);
    t.after(() => network.close());
    const client = await Client.open(server.hosts[0] ?? 0);
    client.socket.end("question");
    const side = await service.client();
    assert.equal(await side.take(8), "question");
    network.down = true;
    network.cut("reset");
    side.socket.end("answer");
    await pause(1500); // twice the limit
    assert.ok(!client.closed && !client.ended);
    network.down = false;
    assert.equal((await client.rest()).toString(), "answer");
  });

  test("when the time is over everybody is closed, on both sides; then everything is as new", async (t) => {
    const { network, echoPort, tapesPort, tapes, server, device } = await tunnel(t, "RSUM=0.4");
    const client = await Client.open(echoPort);
    await roundTrip(client, "before");
    const download = new Download(tapesPort, 1, 500 * MIB);
    await until(() => download.count > MIB, "the transfer to run");
    network.down = true;
    network.cut("reset");
    await until(() => client.closed || client.ended, "the client to be closed", 10_000);
    assert.ok((await download.done).count < 500 * MIB);
    await until(() => tapes.sockets.size === 0, "the service to be told", 10_000);
    await server.listens(false);
    network.down = false;
    await server.listens(true, 10_000);
    const again = await Client.open(echoPort);
    await roundTrip(again, "after");
    again.destroy();
    assert.equal((await server.status()).links, 2);
    for (const { daemon } of [server, device]) {
      assert.match(daemon.log(), /link lost: .*; \d clients wait up to 0.4 s/);
      assert.match(daemon.log(), /link lost: .*; no other connection within 0.4 s/);
      assert.deepEqual(faults(daemon.log()), []);
    }
  });

  test("a side that is stopped does not let the other one wait, with or without a connection", async (t) => {
    for (const isCut of [false, true]) {
      const { network, echoPort, server, device } = await tunnel(t, "RSUM=20");
      const client = await Client.open(echoPort);
      await roundTrip(client, "before");
      if (isCut) {
        network.down = true;
        network.cut("reset");
        await until(async () => (await server.status()).link?.resuming === true, "the server to see it");
        await server.daemon.stop();
        network.down = false;
        await until(() => client.closed || client.ended, "the client to be closed", 10_000);
      } else {
        await device.daemon.stop();
        await until(() => client.closed || client.ended, "the client to be closed", 10_000);
        await server.listens(false, 10_000);
        assert.match(server.daemon.log(), /link lost: the device has ended the link: the proxy is stopping/);
      }
    }
  });

  test("a server that is stopped: the services beside the device are told at once", async (t) => {
    const { tapesPort, tapes, server, device } = await tunnel(t, "RSUM=20");
    const download = new Download(tapesPort, 1, 500 * MIB);
    await until(() => download.count > MIB, "the transfer to run");
    await server.daemon.stop();
    await until(() => tapes.sockets.size === 0, "the service to be told", 10_000);
    assert.match(device.daemon.log(), /link lost: the server has ended the link: the proxy is stopping/);
  });

  test("a reload that takes the line away ends its link at once", async (t) => {
    const { echoPort, server } = await tunnel(t, "RSUM=20");
    const client = await Client.open(echoPort);
    await roundTrip(client, "before");
    server.config.write("[host]\n");
    await reload(server.daemon.port);
    await until(() => client.closed || client.ended, "the client to be closed", 10_000);
  });

  test("over TLS, each of several devices goes on with its own link", async (t) => {
    const echo = await startEcho();
    const [port, ...exposed] = [await freePort(), await freePort(), await freePort()];
    const network = await BadNetwork.open(port);
    t.after(() => {
      network.close();
      echo.stop();
    });
    const start = async (lines: readonly string[]): Promise<RunningDaemon> => {
      const daemon = await startHere("-c", new ConfigFile(lines.join("\n")).path);
      t.after(() => daemon.discard());
      return daemon;
    };
    const names = ["barn", "mill"];
    const server = await start([
      ...["[tunnel farm]", `listen=${port}`, "tls=1", "resume=20s"],
      ...[`certificate=${pairs.own.certificate}`, `private-key=${pairs.own.key}`],
      ...names.flatMap((name, index) => [
        `device=${name}:${name}+secret`,
        `expose=${name} 127.0.0.1:${exposed[index]} > 127.0.0.1:${echo.port}`,
      ]),
    ]);
    for (const name of names)
      await start([
        ...["[device]", `server=localhost:${network.port}`, `allow=127.0.0.1:${echo.port}`, "tls=1"],
        ...[`ca=${pairs.authority.certificate}`, `name=${name}`, `secret=${name}+secret`],
      ]);
    await until(() => exposed.every((each) => isListening(each)), "both devices");
    const clients = await Promise.all(exposed.map((each) => Client.open(each)));
    for (const loss of ["reset", "unseen by server"] as const) {
      await Promise.all(clients.map((client, index) => roundTrip(client, `before ${index}`)));
      network.cut(loss);
      await Promise.all(clients.map((client, index) => roundTrip(client, `after ${index}`)));
    }
    const [farm] = (await statJson(server.port)).tunnels;
    const told = farm?.devices?.map(({ links, resumed, replaced }) => ({ links, resumed, replaced }));
    assert.deepEqual(told, Array(2).fill({ links: 1, resumed: 2, replaced: 0 }));
    assert.doesNotMatch(server.log(), /rejected|replace/);
    for (const client of clients) client.destroy();
  });
});
