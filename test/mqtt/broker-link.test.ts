import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { presenceOf } from "#src/core/mqtt/prefix-sharing.js";
import { BrokerLink } from "#src/mqtt/broker-link.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { MemoryLog } from "../support/in-process.js";
import { TestBroker } from "../support/mqtt-broker.js";
import { localNames } from "../support/names.js";
import { until } from "../support/wait.js";

function linkTo(t: TestContext, port: number, qos: 0 | 1 = 0) {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const heard: string[] = [];
  const link = new BrokerLink(
    {
      broker: { secure: false, target: { host: "127.0.0.1", port } },
      ...{
        tls: undefined,
        clientId: "test",
        isOwnId: false,
        user: "",
        password: "",
        prefix: "p",
        statusTopic: "p/status",
        publisher: { id: "0000000a", host: "here", pid: 1, parent: 0 },
      },
      ...{ qos, retain: true },
    },
    { clock, log, names: localNames(clock) },
    {
      topics: () => ["p/in"],
      message: (topic, payload) => heard.push(`${topic} ${payload}`),
      makerOf: (topic) => (topic === "ha/theirs" ? "0000000b" : undefined),
    },
  );
  t.after(() => link.destroy());
  const send = (payload: string): void => link.send({ topic: "p/x", payload, qos, retain: false });
  return { clock, log, heard, link, send };
}

test("QoS 1: what a broker never acknowledges counts as arrived after a while, and QoS 0 follows", async (t) => {
  const broker = await TestBroker.start({ isMute: true });
  t.after(() => broker.close());
  const { clock, log, link, send } = linkTo(t, broker.port, 1);
  link.start();
  await broker.said("p/status", "online");
  for (let count = 0; count < 50; count += 1) send(String(count));
  await broker.said("p/x", "17"); // 20 are under way: the status, the question who is there, and these
  assert.ok(link.status.waiting > 0);
  clock.advance(15_000);
  const isOver = (): boolean => broker.clients[0]?.published.some(({ payload }) => String(payload) === "49") ?? false;
  await until(() => {
    clock.advance(5000); // the broker's answer to the ping comes meanwhile
    return isOver();
  }, "the rest of the messages");
  await broker.said("p/x", "49");
  assert.deepEqual(link.status.lacks, ["qos"]);
  assert.match(log.lines.join("\n"), /acknowledges nothing/);
  const payloads = broker.clients[0]?.published
    .filter(({ topic }) => topic === "p/x")
    .map(({ payload }) => String(payload));
  assert.deepEqual(
    payloads,
    Array.from({ length: 50 }, (_, index) => String(index)),
    "none is missing, none is there twice",
  );
});

test("QoS 1: a broker that stands still is not taken for one that knows no QoS 1", async (t) => {
  const broker = await TestBroker.start({ isMute: true, answersNoPing: true });
  t.after(() => broker.close());
  const { clock, link, send } = linkTo(t, broker.port, 1);
  link.start();
  await broker.said("p/status", "online");
  send("sure");
  await broker.said("p/x", "sure");
  for (let round = 0; round < 3; round += 1) {
    clock.advance(15_000);
    await until(() => (broker.clients[0]?.pings ?? 0) > round, "the question whether it is there");
    clock.advance(5000);
  }
  assert.deepEqual(link.status.lacks, []);
});

test("QoS 1: what was not acknowledged goes again on the next connection; QoS 0 does not", async (t) => {
  const broker = await TestBroker.start({ isMute: true });
  t.after(() => broker.close());
  const { clock, link, send } = linkTo(t, broker.port, 1);
  link.start();
  await broker.said("p/status", "online");
  send("sure");
  link.send({ topic: "p/x", payload: "perhaps", qos: 0, retain: false });
  await broker.said("p/x", "perhaps");
  broker.clients[0]?.socket.destroy();
  await until(() => !link.status.connected, "the end of the connection");
  clock.advance(2000);
  await broker.client(1);
  await broker.said("p/x", "sure", 1);
  assert.ok(!broker.clients[1]?.published.some(({ payload }) => String(payload) === "perhaps"));
  assert.deepEqual(
    broker.clients[1]?.subscribed,
    ["p/status", "p/status/daemon", "p/in"],
    "the subscriptions come again",
  );
});

test("a connection that ends before a subscription is answered is no refusal of it", async (t) => {
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.write(Buffer.of(0x20, 2, 0, 0)); // CONNACK
      socket.once("data", () => socket.write(Buffer.of(0x20, 2, 0, 0))); // once more, which ends the connection
    });
  });
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  t.after(() => server.close());
  const { log, link } = linkTo(t, port);
  link.start();
  await until(() => link.status.connects === 1 && !link.status.connected, "its end");
  await new Promise((resolve) => setImmediate(resolve));
  assert.doesNotMatch(log.lines.join("\n"), /refuses to subscribe/);
});

test("a broker that takes connections and ends them is not asked without end", async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  t.after(() => server.close());
  const { clock, log, link } = linkTo(t, port, 1);
  link.start();
  for (let second = 0; second < 300; second += 1) {
    const before = connections;
    clock.advance(1000);
    if (link.status.why === "not connected yet")
      await until(() => link.status.why !== "not connected yet", "an attempt");
    await new Promise((resolve) => setImmediate(resolve));
    if (connections > before) await until(() => !link.status.connected, "its end");
  }
  assert.ok(connections > 2 && connections < 60, `${connections} connections in 5 minutes`);
  const [first = "", second = "", ...more] = log.lines.filter((line) => /cannot be reached/.test(line));
  assert.match(first, /closed the connection\)/);
  assert.match(second, /closed the connection again and again; perhaps it does not let this user publish below "p"/);
  assert.deepEqual(more, [], "the log says each reason once");
});

test("messages come, and of one that is too large a part, so that no message keeps the daemon away", async (t) => {
  const broker = await TestBroker.start();
  t.after(() => broker.close());
  const { heard, link } = linkTo(t, broker.port);
  link.start();
  await broker.said("p/status", "online");
  broker.send("p/in", "small");
  broker.send("p/in", Buffer.alloc(2_000_000, "x"));
  broker.send("p/in", "after it");
  await until(() => heard.length > 2, "the messages");
  assert.deepEqual([heard[0], heard[2]], ["p/in small", "p/in after it"]);
  assert.ok((heard[1] as string).length <= 1_048_576 && (heard[1] as string).length > 1_000_000);
  broker.clients[0]?.socket.write(Buffer.of(0x90, 0xff, 0xff, 0xff, 0x7f)); // SUBACK, 256 MB
  await until(() => !link.status.connected, "the end of the connection");
  assert.match(link.status.why ?? "", /too large/);
});

test("the last will of an earlier connection, which the broker finds out late, is taken back", async (t) => {
  const broker = await TestBroker.start();
  t.after(() => broker.close());
  const { link } = linkTo(t, broker.port);
  link.start();
  await broker.said("p/status", "online");
  const { published } = await broker.client();
  const said = (): string[] => published.filter(({ topic }) => topic === "p/status").map(({ payload }) => `${payload}`);
  broker.send("p/status", "offline", true); // from before
  broker.send("p/status", "online"); // our own word
  broker.send("p/status", "offline");
  await until(() => said().length > 1, "another word");
  await link.close("stops");
  await broker.said("p/status", "offline");
  assert.deepEqual(said(), ["online", "online", "offline"]);
});

test("a client with the same client-id is named, and is not taken for a broker that retains nothing", async (t) => {
  const broker = await TestBroker.start();
  t.after(() => broker.close());
  const { clock, log, link } = linkTo(t, broker.port);
  link.start();
  for (let count = 0; count < 3; count += 1) {
    const client = await broker.client(count);
    await broker.said("p/status", "online");
    broker.send("p/status", "online");
    broker.send("p/in", "x");
    await until(() => link.status.received > count, "what the broker says");
    client.socket.destroy();
    await until(() => !link.status.connected, "the end");
    clock.advance(9000); // less than an attempt may take
  }
  await broker.client(3);
  assert.deepEqual(link.status.lacks, []);
  assert.equal(log.lines.filter((line) => /another client seems to have the client-id "test"/.test(line)).length, 1);
});

test("a broker that answers to no subscription is left, before too many wait", async (t) => {
  const broker = await TestBroker.start();
  t.after(() => broker.close());
  const { link } = linkTo(t, broker.port);
  link.start();
  await broker.said("p/status", "online");
  for (let count = 0; count <= 5000; count += 1) link.unsubscribe("p/x"); // the broker of tests does not answer these
  await until(() => !link.status.connected, "the end");
  assert.match(link.status.why ?? "", /does not answer to subscriptions/);
});

test("an outage drops the oldest, says so once, and ends", async (t) => {
  const { clock, log, link, send } = linkTo(t, await freePort());
  link.start();
  for (let count = 0; count < 10_005; count += 1) send(String(count));
  assert.equal(link.status.dropped, 5);
  assert.equal(log.lines.filter((line) => /too many messages/.test(line)).length, 1);
  await until(() => link.status.why !== "not connected yet", "the failure");
  assert.match(link.status.why ?? "", /ECONNREFUSED/);
  await link.close("stops"); // at once: nobody is there to be told
  clock.advance(60_000);
  assert.equal(link.status.connected, false);
});

test("while another daemon has the prefix, too, nothing is taken away that may be its own", async (t) => {
  const broker = await TestBroker.start();
  t.after(() => broker.close());
  const { link, log } = linkTo(t, broker.port);
  link.start();
  for (const topic of ["p/line/a/status", "ha/ours", "ha/theirs"]) link.keep(topic, "x");
  await broker.said("ha/theirs", "x");
  broker.send("p/status/daemon", presenceOf({ id: "0000000b", host: "attic", pid: 2, parent: 0 }, "here"));
  await until(() => link.status.sharedWith.length > 0, "the other daemon to be known");
  assert.match(log.lines.join("\n"), /another daemon, on attic/);
  for (const topic of ["p/line/a/status", "ha/theirs", "ha/ours"]) link.keep(topic, "");
  await broker.said("ha/ours", "");
  const away = broker.clients[0]?.published.filter(({ payload }) => payload.length === 0).map(({ topic }) => topic);
  assert.deepEqual(away, ["ha/ours"]);
});
