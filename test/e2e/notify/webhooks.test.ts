import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import { ConfigFile } from "../../support/config.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, greet, relayed } from "../../support/net.js";
import { Receiver } from "../../support/receiver.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";

/** A daemon with these lines of configuration, a receiver of events and a device. */
async function scene(t: TestContext, configuration: (receiver: Receiver, device: Device) => string[]) {
  const [receiver, device] = [await Receiver.open(t), await Device.open()];
  const file = new ConfigFile(configuration(receiver, device).join("\n"));
  const daemon = await startHere("-c", file.path);
  t.after(() => {
    daemon.discard();
    device.close();
  });
  return { receiver, device, daemon, file };
}

function eventsOf(receiver: Receiver): GatewayEvent[] {
  return receiver.requests.map(({ body }) => JSON.parse(body) as GatewayEvent);
}

/** The bytes of all events of one name. */
function sum(events: readonly GatewayEvent[], name: string): number {
  return events.filter(({ event }) => event === name).reduce((bytes, one) => bytes + (one.bytes ?? 0), 0);
}

test("a webhook is told of the beginning, of all bytes and of the end, and no URL or secret gets anywhere else", async (t) => {
  const { receiver, device, daemon } = await scene(t, ({ url }) => [
    ...["[webhook hub]", `url=${url.replace("//", "//me:hush@")}/in?token=hush`, "header=X-Key: hush {event}"],
  ]);
  const { client, remote, pid } = await relayed(daemon.port, device, "NURL=hub NTFY=5/urn:x/Act/p1");
  await receiver.received(1);
  remote.write("hello");
  await client.take(5);
  await receiver.received(2);
  remote.write("more, and the end");
  remote.end();
  await client.rest();
  client.end();
  await until(() => eventsOf(receiver).some(({ event }) => event === "closed"), "the end to be told");
  const events = eventsOf(receiver);
  assert.deepEqual([events[0]?.event, events[1]?.event, events.at(-1)?.event], ["connected", "data", "closed"]);
  assert.deepEqual([pid, events.at(-1)?.bytes], ["p1", 22]);
  assert.ok(sum(events, "data") >= 5 && sum(events, "data") <= 22);
  const { time, text, ...first } = events[0] as GatewayEvent;
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(text, /is connected to 127\.0\.0\.1:/);
  assert.deepEqual(Object.keys(first), ["event", "pid", "listener", "remote", "client"]);
  const [{ method, url, headers } = assert.fail()] = receiver.requests;
  assert.deepEqual([method, url, headers["x-key"]], ["POST", "/in?token=hush", "hush connected"]);
  assert.equal(headers.authorization, `Basic ${Buffer.from("me:hush").toString("base64")}`);
  assert.doesNotMatch(daemon.log() + JSON.stringify(await statJson(daemon.port)), /hush/);
});

test("who has ended a connection is told as the log has it", async (t) => {
  const { receiver, device, daemon } = await scene(t, ({ url }) => ["[webhook hub]", `url=${url}`]);
  const { client, remote } = await relayed(daemon.port, device, "NURL=hub");
  client.socket.end();
  await remote.rest();
  remote.write("the answer");
  remote.end();
  await until(() => eventsOf(receiver).some(({ event }) => event === "closed"), "the end to be told");
  const end = eventsOf(receiver).at(-1);
  assert.deepEqual([end?.bytes, end?.reason], [10, "by client"]);
  assert.match(daemon.log(), / closed: by client;/);
});

test("an unknown webhook is an error reply that tells of no other", async (t) => {
  const { daemon, device } = await scene(t, ({ url }) => ["[webhook secretly]", `url=${url}`]);
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${device.port} NURL=secretl\n`);
  assert.equal(await client.line(), 'ERR CONN unknown webhook "secretl": the configuration has no [webhook secretl]');
});

test("what the daemon tells through a port of its own is told nobody", async (t) => {
  const port = await freePort();
  const { receiver, daemon } = await scene(t, (one) => [
    ...["[host]", "webhook=hub", "[webhook hub]", `url=http://127.0.0.1:${port}/`],
    ...["[direct relay]", `listen=${port}`, `target=${one.url.slice("http://".length)}`],
  ]);
  const client = await Client.open(port);
  client.write("GET /by-a-client HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await client.rest();
  client.end();
  await until(() => receiver.requests.some(({ body }) => body.includes('"closed"')), "the end of the client's");
  const told = receiver.requests.filter(({ body }) => body !== "").map(({ body }) => JSON.parse(body) as GatewayEvent);
  const clients = new Set(told.map(({ client: name }) => name));
  assert.deepEqual([clients.size, told.every(({ name }) => name === "relay")], [1, true]);
  assert.ok(daemon.log().includes("relay"));
});

test("a webhook that hangs delays no other one, and no connection", async (t) => {
  const slow = await Receiver.open(t);
  slow.answer = () => {};
  const { receiver, device, daemon } = await scene(t, ({ url }) => [
    ...["[webhook quick]", `url=${url}`, "[webhook slow]", `url=${slow.url}`],
  ]);
  const many = await Promise.all(Array.from({ length: 20 }, () => relayed(daemon.port, device, "NURL=slow")));
  await until(() => slow.requests.length === 8, "as many requests as there may be");
  const { client, remote } = await relayed(daemon.port, device, "NURL=quick");
  remote.write("data");
  assert.equal(await client.take(4), "data");
  await receiver.received(2);
  assert.equal(slow.requests.length, 8);
  const { webhooks } = await statJson(daemon.port);
  const { inFlight = 0, waiting = 0 } = webhooks.find(({ name }) => name === "slow") ?? {};
  assert.ok(inFlight <= 8);
  assert.equal(inFlight + waiting, 20, "one of each connection, however long the machine has taken");
  for (const one of many) one.client.destroy();
});

test("what a line leads to is told to its webhook, and repeated until that takes it", async (t) => {
  const [listen, nowhere] = [await freePort(), await freePort()];
  const { receiver } = await scene(t, ({ url }) => [
    ...["[webhook hub]", `url=${url}/{event}`, "method=PUT", 'body={"line":"{name}","why":{reason}}'],
    ...["[host]", "webhook=hub", "[direct mail]", `listen=${listen}`, `target=127.0.0.1:${nowhere}`],
  ]);
  let refused = 0;
  receiver.answer = (response) => {
    refused += 1;
    response.writeHead(refused === 1 ? 500 : 204).end();
  };
  const client = await Client.open(listen);
  await client.rest();
  const [first, second] = await receiver.received(2);
  assert.deepEqual([first?.method, first?.url, second?.url], ["PUT", "/server-down", "/server-down"]);
  assert.equal(first?.body, second?.body);
  assert.match(first?.body ?? "", /^\{"line":"mail","why":"connection refused"\}$/);
});
