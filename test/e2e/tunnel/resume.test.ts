// Links that survive the loss of their connection (resume=). Both ends are in this process.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { BadNetwork, type Cut } from "../../support/bad-network.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { Client } from "../../support/net.js";
import { faults } from "../../support/process.js";
import { Random } from "../../support/random.js";
import { Download, EchoTransfer, startTapes } from "../../support/transfer.js";
import { startTunnel } from "../../support/tunnels.js";

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

function randomCuts(count: number, bytes: number, maxDownMs: number): Cut[] {
  const random = new Random(SEED);
  return Array.from({ length: count }, () => ({
    afterBytes: random.between(1, (2 * bytes) / count),
    loss: random.pick(["reset", "fin", "unseen by server"] as const),
    downMs: random.between(0, maxDownMs),
  }));
}

describe("resume", { concurrency: 4 }, () => {
  test(`10 cuts at random bytes within 10 MB: everything arrives, no client is closed; seed ${SEED}`, async (t) => {
    const { server, device, network, echoPort, tapesPort } = await tunnel(t, "RSUM=20", randomCuts(10, 9_000_000, 20));
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
    assert.ok(status.resumed >= 10, `${status.resumed} resumed`);
    assert.equal(status.links, 1);
    for (const { daemon } of [server, device]) assert.deepEqual(faults(daemon.log()), []);
  });
});
