// Random bytes to the device port of a tunnel. A failure prints its seed: FUZZ_SEED=42 repeats the run.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { Client } from "../../support/net.js";
import { faults } from "../../support/process.js";
import { Random } from "../../support/random.js";
import { DATA, LISTEN, ScriptedDevice } from "../../support/tunnel.js";
import { startServer } from "../../support/tunnels.js";
import { quietFor, until } from "../../support/wait.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);

test("random bytes from peers that are no devices do not stop the server", async (t) => {
  const random = new Random(SEED + 2);
  const server = await startServer(t, ["10.0.0.1:80"]);
  const peers: ScriptedDevice[] = [];
  t.after(() => {
    for (const peer of peers) peer.client.destroy();
  });
  for (let round = 0; round < 30; round += 1) {
    const peer = await ScriptedDevice.open(server.port, { silent: random.chance(0.5) });
    peers.push(peer);
    const bytes = Buffer.from(Array.from({ length: random.between(0, 3000) }, () => random.between(0, 255)));
    peer.write(bytes);
    await new Promise((resolve) => setImmediate(resolve));
    const ending = random.pick(["fin", "reset", "none"]); // never both: at its own end Node would wait for the first for ever
    if (ending === "fin") peer.client.end();
    if (ending === "reset") peer.client.reset();
  }
  await quietFor(50); // the server has read what they have sent: none of them comes behind the device
  // from another address: those that replaced each other here may count as two devices, of which one has to wait
  const socket = connect({ port: server.port, host: "127.0.0.1", localAddress: "127.0.0.2", noDelay: true });
  const device = new ScriptedDevice(new Client(socket));
  await once(socket, "connect");
  device.send(LISTEN, 0);
  await until(
    async () => (await server.status()).link?.address === `127.0.0.2:${socket.localPort}`,
    "it to be the device",
  );
  await server.listens();
  const client = await Client.open(server.hosts[0] ?? 0);
  assert.equal((await device.connect()).service, "10.0.0.1:80");
  device.send(DATA, 0, "fine");
  assert.equal(await client.take(4), "fine");
  assert.deepEqual(faults(server.daemon.log()), [], `seed ${SEED}`);
});
