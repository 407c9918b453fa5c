import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { TestBroker } from "../../support/mqtt-broker.js";
import { Client, Device, greet, relayed, reload } from "../../support/net.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";
import { Watcher } from "../../support/watcher.js";

interface SetUp {
  readonly broker: TestBroker;
  readonly device: Device;
  readonly daemon: RunningDaemon;
  readonly config: ConfigFile;
}

/** @param text of the configuration, behind the url in `[mqtt]`; DEVICE is that of the device */
async function setUp(t: TestContext, text = "", broker?: TestBroker): Promise<SetUp> {
  const own = broker ?? (await TestBroker.start());
  const device = await Device.open();
  const config = new ConfigFile(
    `[mqtt]\nurl=mqtt://127.0.0.1:${own.port}\n${text.replaceAll("DEVICE", `127.0.0.1:${device.port}`)}`,
  );
  const daemon = await startHere("-c", config.path);
  t.after(() => {
    daemon.discard();
    device.close();
    own.close();
  });
  await own.said("sockproxyd/status", "online");
  return { broker: own, device, daemon, config };
}

test("the daemon is born, lives and says goodbye", async (t) => {
  const { broker, daemon } = await setUp(t, "user=hub\npassword=s3cret\nclient-id=attic\nqos=1");
  const { connect, published } = await broker.client();
  assert.equal(connect.clientId, "attic");
  assert.equal(`${connect.username} ${connect.password}`, "hub s3cret");
  assert.deepEqual(
    { ...connect.will, payload: String(connect.will?.payload) },
    {
      ...{ topic: "sockproxyd/status", payload: "offline", qos: 1, retain: true },
    },
  );
  assert.deepEqual([published[0]?.topic, published[0]?.retain, published[0]?.qos], ["sockproxyd/status", true, 1]);
  assert.doesNotMatch(daemon.log() + JSON.stringify(await statJson(daemon.port)), /s3cret/);
  await daemon.stop();
  await broker.said("sockproxyd/status", "offline");
  assert.ok(broker.clients[0]?.disconnected, "the last will is not for this");
});

test("what happens to a connection is published", async (t) => {
  const { broker, device, daemon } = await setUp(t);
  const { client, pid, remote } = await relayed(daemon.port, device, "NMQT=door/bell");
  remote.write("ring");
  await broker.said("sockproxyd/door/bell", /"event":"data"/);
  client.reset();
  const closed = JSON.parse(await broker.said("sockproxyd/door/bell", /"event":"closed"/));
  assert.equal(`${closed.pid} ${closed.bytes}`, `${pid} 4`);
  const events = broker.clients[0]?.published.filter(({ topic }) => topic === "sockproxyd/door/bell") ?? [];
  assert.deepEqual(
    events.map(({ payload, retain }) => `${JSON.parse(String(payload)).event} ${retain}`),
    ["connected false", "data false", "closed false"],
  );
});

test("a client cannot publish where the daemon and its lines do", async (t) => {
  const ports = [await freePort(), await freePort()];
  const lines = `[direct a]\nlisten=${ports[0]}\ntarget=DEVICE\nmqtt=mine\n[mux b]\nlisten=${ports[1]}\ntarget=DEVICE\n`;
  const { device, daemon, config } = await setUp(t, lines);
  for (const topic of ["mine", "b/power", "status", "event/closed", "line/a/status", "x/set", "a//b", "+", "$SYS"]) {
    const { client } = await greet(daemon.port);
    client.write(`CONN 127.0.0.1:${device.port} NMQT=${topic}\n`);
    assert.match(await client.line(), /^ERR CONN (?:bad )?NMQT[ :]/, topic);
    client.destroy();
  }
  config.write("");
  assert.equal(await reload(daemon.port), "OK RELD");
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${device.port} NMQT=free\n`);
  assert.match(await client.line(), /^ERR CONN NMQT: no MQTT broker is configured/);
  client.destroy();
});

test("raw: the bytes go both ways, and what the broker has kept is not written", async (t) => {
  const { broker, device, daemon } = await setUp(t);
  const { client, remote } = await relayed(daemon.port, device, "NMQT=box PAYL=raw");
  await until(() => broker.clients[0]?.subscribed.includes("sockproxyd/box/set") ?? false, "the subscription");
  broker.send("sockproxyd/box/set", "old\n", true);
  const bytes = Buffer.from([0, 255, 10, 13, 128]);
  broker.send("sockproxyd/box/set", bytes);
  assert.equal(await remote.take(5), bytes.toString("latin1"));
  remote.write(bytes);
  assert.equal(await client.take(5), bytes.toString("latin1"), "the client gets it, too");
  await until(() => broker.clients[0]?.published.some(({ topic }) => topic === "sockproxyd/box") ?? false, "the bytes");
  assert.deepEqual(broker.clients[0]?.published.at(-1)?.payload, bytes);
  client.destroy();
});

test("dial=always: a device without clients; clients of the line are not published", async (t) => {
  const port = await freePort();
  const { broker, device, daemon } = await setUp(
    t,
    `[direct box]\nlisten=${port}\ntarget=DEVICE\nmqtt=box\npayload=lines\ndial=always`,
  );
  const standing = await device.client();
  await until(() => broker.clients[0]?.subscribed.includes("sockproxyd/box/set") ?? false, "the subscription");
  const watcher = await Watcher.open(daemon.port, String(port));
  t.after(() => watcher.client.destroy());
  broker.send("sockproxyd/box/set", "on\n");
  assert.equal(await standing.line(), "on");
  standing.write("is on\r\n");
  await broker.said("sockproxyd/box", "is on");
  const [written = "", said = ""] = await watcher.received(2);
  assert.match(written, /PROXY→SERVER\] 6f 6e 0a/);
  assert.match(said, /SERVER→PROXY\] 69 73 20 6f 6e 0d 0a/);
  const { directs } = await statJson(daemon.port);
  const { topic, connected, received, sent, refused } = directs[0]?.standing ?? {};
  assert.deepEqual(
    { topic, connected, received, sent, refused },
    {
      ...{ topic: "box", connected: true, received: 7, sent: 3, refused: 0 },
    },
  );
  const client = await Client.open(port);
  const other = await device.client(1);
  other.write("to the client\n");
  assert.equal(await client.line(), "to the client");
  standing.write("last\n");
  await broker.said("sockproxyd/box", "last");
  assert.doesNotMatch(
    broker.clients[0]?.published.map(({ payload }) => String(payload)).join("") ?? "",
    /to the client/,
  );
  broker.send("sockproxyd/box/set", "off\n");
  assert.equal(await standing.line(), "off");
  client.write("from the client\n");
  assert.equal(await other.line(), "from the client", "what is set goes to the connection without a client alone");
  client.destroy();
});

test("a reload moves to another prefix, and takes the old topics away", async (t) => {
  const port = await freePort();
  const line = `[direct box]\nlisten=${port}\ntarget=127.0.0.1:9\n`;
  const { broker, daemon, config } = await setUp(t, line);
  await broker.said("sockproxyd/line/box/status");
  config.write(`[mqtt]\nurl=mqtt://127.0.0.1:${broker.port}\nprefix=attic\n${line}`);
  assert.equal(await reload(daemon.port), "OK RELD");
  await broker.said("sockproxyd/line/box/status", "", 0);
  await broker.said("sockproxyd/status", "offline", 0);
  await broker.client(1);
  await broker.said("attic/status", "online", 1);
  await broker.said("attic/line/box/status", /"name":"box"/, 1);
});

test("a broker that acknowledges nothing holds up neither a connection nor the end; a fast one drops its own bytes", async (t) => {
  const { device, daemon } = await setUp(t, "qos=1", await TestBroker.start({ isMute: true }));
  const { client, remote } = await relayed(daemon.port, device, "NMQT=fast PAYL=raw");
  const bytes = 4_194_304;
  remote.write(Buffer.alloc(bytes));
  await client.take(bytes);
  const { mqtt } = await statJson(daemon.port);
  assert.ok(mqtt && mqtt.dropped > 0 && mqtt.waitingBytes < 1_048_576, JSON.stringify(mqtt));
  const since = performance.now();
  await daemon.stop();
  assert.ok(performance.now() - since < 10_000);
});
