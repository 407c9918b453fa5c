// Random frames, valid and invalid, from either side of a tunnel, beside regular clients.
// For more of them, or the same ones again (a failure prints its seed):
//   FUZZ_RUNS=20000 FUZZ_SEED=42 node --test dist/test/long/tunnel-fuzz.test.js
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { roundTrip, startEcho } from "../support/echo.js";
import { Client } from "../support/net.js";
import { descriptorsAtRest, faults } from "../support/process.js";
import { Random } from "../support/random.js";
import {
  CLOSE,
  CONNECT,
  CREDIT,
  connectPayload,
  DATA,
  type FramePeer,
  frame,
  HELLO,
  LISTEN,
  PAUSE,
  RESET,
  ScriptedDevice,
  ScriptedServer,
} from "../support/tunnel.js";
import { processes, startServer, startTunnel } from "../support/tunnels.js";
import { until } from "../support/wait.js";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 3000);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const HOST = "127.0.0.1";
const CARE = 200; // the client id that must stay unharmed: no random frame has it
const BATCH = 50;

/**
 * A random frame, never for {@link CARE}; no PING or PONG, which promise to answer PINGs, as these peers do not; and no BYE, which ends the
 * link on purpose.
 */
function anyFrame(random: Random, ports: readonly number[]): Buffer {
  const command = random.pick([
    CONNECT,
    CLOSE,
    DATA,
    DATA,
    LISTEN,
    random.between(PAUSE, CREDIT),
    random.between(RESET, 255),
    0,
  ]);
  const id = random.pick([0, 1, 2, 3, 255, random.between(0, 199)]);
  if (command === CONNECT && random.chance(0.7)) {
    const address = random.pick([HOST, "localhost", "", "::1", "256.1.1.1", "\0\xff", "x".repeat(300), "127.0.0.1 "]);
    return frame(command, id, connectPayload(address, random.pick([...ports, 0, 65_535])));
  }
  if (command === HELLO && random.chance(0.5))
    return frame(command, id, random.pick(["fin credit reset", "fin", "credit reset"]));
  const size = random.pick([0, 0, 1, 2, 3, 4, 5, random.between(0, 2000), random.chance(0.05) ? 65_535 : 7]);
  const payload = Buffer.alloc(size);
  for (let at = 0; at < Math.min(size, 64); at += 1) payload[at] = random.between(0, 255);
  return frame(command, id, payload);
}

/** Sends random frames in random pieces. */
async function flood(peer: FramePeer, random: Random, ports: readonly number[], count: number): Promise<void> {
  const bytes = Buffer.concat(Array.from({ length: count }, () => anyFrame(random, ports)));
  for (let at = 0; at < bytes.length; ) {
    const size = random.pick([1, 3, 100, 5000, 100_000]);
    await peer.dribble(bytes.subarray(at, at + size), size);
    at += size;
  }
}

/** Takes DATA of the client that stays; skips other frames. */
async function dataOfCare(peer: FramePeer, text: string): Promise<void> {
  let got = "";
  while (got.length < text.length) {
    const { command, id, payload } = await peer.frame();
    if (id !== CARE) continue;
    assert.equal(command, DATA, `seed ${SEED}`);
    got += payload.toString("latin1");
  }
  assert.equal(got, text, `seed ${SEED}`);
}

describe("random frames", () => {
  test("from a device: the regular client and another tunnel are unharmed", async (t) => {
    const random = new Random(SEED);
    const echo = await startEcho();
    t.after(() => echo.stop());
    const server = await startServer(t, [`${HOST}:${echo.port}`]);
    const { server: calm } = await startTunnel(t, [`${HOST}:${echo.port}`]);
    const bystander = await Client.open(calm.hosts[0] ?? 0);
    const device = await ScriptedDevice.open(server.port);
    t.after(() => device.client.destroy());
    await server.listens();
    const [host = 0] = server.hosts;
    const clients: Client[] = [bystander];
    t.after(() => {
      for (const each of clients) each.destroy();
    });
    for (let id = 0; id <= CARE; id += 1) {
      clients.push(await Client.open(host));
      assert.equal((await device.connect()).id, id);
    }
    const last = clients.at(-1) as Client;
    for (let run = 0; run < RUNS; run += BATCH) {
      await flood(device, random, [], BATCH);
      const text = `run ${run}`;
      device.send(DATA, CARE, text);
      assert.equal(await last.take(text.length), text, `seed ${SEED}`);
      last.write(text);
      await dataOfCare(device, text);
      await roundTrip(bystander, text);
      const newcomer = await Client.open(host);
      newcomer.write("here I am");
      clients.push(newcomer);
      if (random.chance(0.5)) random.pick(clients.filter((each) => each !== last && each !== bystander)).reset();
    }
    assert.ok(!last.closed && !last.ended && last.bytes.length === 0);
    device.client.reset();
    const rest = clients.slice(1);
    await until(() => rest.every((each) => each.closed || each.ended), "all clients to be closed");
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("from a server: the regular client is unharmed, and no forbidden service is dialled", async (t) => {
    const random = new Random(SEED + 1);
    const [echo, mine] = [await startEcho(), await startEcho()];
    const server = await ScriptedServer.open();
    t.after(() => {
      echo.stop();
      mine.stop();
      server.close();
    });
    const device = await processes.startDevice(t, server.port, [`${HOST}:${echo.port}`, `${HOST}:${mine.port}`]);
    const link = await server.link();
    const before = await descriptorsAtRest(device.daemon);
    link.send(CONNECT, CARE, connectPayload(HOST, mine.port));
    for (let run = 0; run < RUNS; run += BATCH) {
      await flood(link, random, [echo.port, device.daemon.port], BATCH);
      link.send(DATA, CARE, `run ${run}`);
      await dataOfCare(link, `run ${run}`);
    }
    assert.equal((await device.status()).connected, true);
    assert.doesNotMatch(device.daemon.log(), /setup mode/);
    link.client.reset();
    await server.link();
    await until(async () => (await descriptorsAtRest(device.daemon)) <= before, "the descriptors to be closed");
    assert.deepEqual(faults(device.daemon.log()), []);
  });
});
