// Links with resume= that are cut again and again in the middle of transfers, at any byte; each end in a process of its own.
// For more of them, or the same ones again (a failure prints its seed):
//   TUNNEL_CUTS=500 FUZZ_SEED=42 node --test dist/test/long/tunnel-cuts.test.js
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BadNetwork, type Cut, cutsWithin } from "../support/bad-network.js";
import { roundTrip, startEcho } from "../support/echo.js";
import { Client } from "../support/net.js";
import { descriptorsAtRest, faults, resident } from "../support/process.js";
import { Random } from "../support/random.js";
import { Download, EchoTransfer, startTapes } from "../support/transfer.js";
import { processes } from "../support/tunnels.js";
import { until } from "../support/wait.js";

const HOST = "127.0.0.1";
const MB = 1_000_000;
const CUTS = Number(process.env["TUNNEL_CUTS"] ?? 50);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
/** The time of resume=, and of the longest cuts: a fraction of what people choose. */
const RESUME_MS = 2000;
const LONG_CUTS = 4;
const MIB = 1_048_576;

/** How long the cuts last: most of them are short, some as long as the session lives. */
function downTimes(random: Random): number[] {
  const isLong = (index: number): boolean => index % Math.ceil(CUTS / LONG_CUTS) === 1;
  return Array.from({ length: CUTS }, (_, index) =>
    isLong(index) ? RESUME_MS - random.between(0, 300) : random.between(0, 200),
  );
}

async function tunnel(t: TestContext, cuts: readonly Cut[]) {
  const [echo, tapes] = [await startEcho(), await startTapes()];
  const networks: BadNetwork[] = [];
  const ends = await processes.startTunnel(t, [`${HOST}:${echo.port}`, `${HOST}:${tapes.port}`], {
    options: `RSUM=${RESUME_MS / 1000}`,
    through: async (port) => {
      const network = await BadNetwork.open(port, cuts);
      networks.push(network);
      return network.port;
    },
  });
  const [network] = networks;
  assert.ok(network !== undefined);
  t.after(() => {
    network.close();
    echo.stop();
    tapes.stop();
  });
  const [echoPort = 0, tapesPort = 0] = ends.server.hosts;
  return { ...ends, network, echoPort, tapesPort, tapes };
}

test(`${CUTS} cuts within 100 MB, some as long as the session lives: every byte arrives, and nobody is closed; seed ${SEED}`, async (t) => {
  const random = new Random(SEED);
  const { server, device, network, echoPort, tapesPort, tapes } = await tunnel(
    t,
    cutsWithin(random, 90 * MB, downTimes(random)),
  );
  const sides = [server.daemon, device.daemon];
  const talker = await Client.open(echoPort);
  await roundTrip(talker, "hello");
  const before = await Promise.all(sides.map((side) => descriptorsAtRest(side)));
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, ...sides.map((side) => resident(side)));
  }, 100);
  t.after(() => clearInterval(watch));
  const downloads = [1, 2, 3].map((key) => new Download(tapesPort, key, 20 * MB));
  const echoes = [4, 5].map((key) => new EchoTransfer(echoPort, key, 10 * MB));
  for (const { done } of downloads) assert.deepEqual(await done, { count: 20 * MB, right: true, error: undefined });
  for (const { done } of echoes) assert.deepEqual(await done, { count: 10 * MB, right: true, error: undefined });
  await roundTrip(talker, "still here");
  const { links, resumed } = await server.status();
  t.diagnostic(`${network.cuts} cuts, ${resumed} resumed, ${(most / MIB).toFixed(0)} MiB resident at most`);
  assert.equal(links, 1);
  assert.equal(network.cuts, CUTS);
  assert.ok(resumed >= CUTS / 2, `${resumed}`); // a cut may come amid the greeting that follows another one
  assert.ok(most < 250 * MIB, "the memory is bounded");
  await until(() => tapes.sockets.size === 0, "the services to be told");
  await until(
    async () =>
      (await Promise.all(sides.map((side) => descriptorsAtRest(side)))).every((n, i) => n <= (before[i] ?? 0)),
    "the descriptors to be closed",
  );
  for (const side of sides) assert.deepEqual(faults(side.log()), []);
});

test("a link whose peer does not come back in time: everybody is closed, after each of several cuts", async (t) => {
  const { server, network, tapesPort, tapes } = await tunnel(t, []);
  for (let round = 1; round <= 2; round += 1) {
    const downloads = [1, 2].map((key) => new Download(tapesPort, key, 1000 * MB));
    await until(() => downloads.every(({ count }) => count > MB), "the transfers to run");
    network.down = true;
    const since = performance.now();
    network.cut("reset");
    for (const { done } of downloads) assert.ok((await done).count < 1000 * MB);
    const took = performance.now() - since;
    assert.ok(took >= RESUME_MS && took < RESUME_MS * 1.5 + 2000, `${took} ms`);
    await until(() => tapes.sockets.size === 0, "the services to be told", 10_000);
    network.down = false;
    await until(async () => (await server.status()).links === round + 1, "a new link", 10_000);
    await server.listens(true, 10_000);
  }
});
