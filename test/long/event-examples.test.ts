import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { freePort } from "../support/free-port.js";
import { startHere } from "../support/in-process.js";
import { Client, Device } from "../support/net.js";
import { Receiver } from "../support/receiver.js";
import { until } from "../support/wait.js";

/** A daemon with one of our examples, whose places are those of the test. */
async function example(t: TestContext, name: string, server: string) {
  const [receiver, device, port, web] = [
    await Receiver.open(t),
    await Device.open(),
    await freePort(),
    await freePort(),
  ];
  const text = readFileSync(`plugin-examples/${name}`, "utf8")
    .replace(server, receiver.url.slice("http://".length))
    .replace("192.168.0.30:23", `127.0.0.1:${device.port}`)
    .replace("listen=8125", `listen=${port}`);
  const daemon = await startHere("-c", new ConfigFile(`[web]\nport=${web}\n${text}`).path);
  t.after(() => {
    daemon.discard();
    device.close();
  });
  return { receiver, device, port, web };
}

/**
 * A client that takes a word of the device, and goes.
 *
 * @param told resolves when so many events have been told: data that is not told yet when the connection ends may be told by the end alone
 */
async function visit(
  port: number,
  device: Device,
  told: (count: number) => Promise<unknown> = async () => {},
): Promise<void> {
  const before = device.clients.length;
  const client = await Client.open(port);
  const remote = await device.client(before);
  await told(1);
  remote.write("hello");
  await client.take(5);
  await told(2);
  client.reset();
}

test("Reactor's variable gets each event, as JSON", async (t) => {
  const { receiver, device, port } = await example(t, "reactor.conf", "192.168.0.10:8111");
  receiver.answer = (response, { method, url, headers, body }) => {
    const isRight = method === "PUT" && url === "/api/v1/variable/boiler_event/set";
    assert.equal(headers["content-type"], "application/json");
    JSON.parse(body);
    response.writeHead(isRight ? 200 : 404).end("{}");
  };
  await visit(port, device, (count) => receiver.received(count));
  await receiver.received(3);
  const told = receiver.requests.map(
    ({ body }) => JSON.parse(body) as { event: string; bytes: number | null; reason: unknown },
  );
  assert.deepEqual(
    told.map(({ event, bytes, reason }) => [event, bytes, typeof reason]),
    [
      ["connected", null, "object"],
      ["data", 5, "object"],
      ["closed", 5, "string"],
    ],
  );
});

/** The nodes that Node-RED has without further packages, as far as our flows use them. */
const NODES = [
  ...["tab", "inject", "debug", "status", "trigger", "switch", "change", "template", "split", "json"],
  ...["http in", "http response", "tcp request", "mqtt-broker", "mqtt in", "mqtt out"],
];

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly z?: string;
  readonly wires?: readonly (readonly string[])[];
  readonly outputs?: number;
  readonly url?: string;
  readonly method?: string;
  readonly topic?: string;
  readonly template?: string;
}

/** A flow of ours, whose nodes are Node-RED's, and whose wires lead to nodes of its own. */
function flowOf(name: string): FlowNode[] {
  const flow = JSON.parse(readFileSync(`plugin-examples/${name}`, "utf8")) as FlowNode[];
  const ids = flow.map(({ id }) => id);
  assert.deepEqual([new Set(ids).size, flow.filter(({ type }) => !NODES.includes(type))], [flow.length, []]);
  for (const { wires = [], z, outputs = wires.length } of flow) {
    assert.ok(wires.flat().every((id) => ids.includes(id)) && (z === undefined || ids.includes(z)));
    assert.equal(wires.length, outputs);
  }
  return flow;
}

test("Node-RED's flows for MQTT and the stream of events ask for what the daemon has", async (t) => {
  const topics = flowOf("node-red-mqtt.json").flatMap(({ topic }) => topic ?? []);
  assert.deepEqual(
    topics,
    ["doorbell", "line/+/status", "heating", "heating/set"].map((name) => `sockproxyd/${name}`),
  );
  const request = flowOf("node-red-events.json").find(({ type }) => type === "template")?.template;
  const { device, port, web } = await example(t, "node-red.conf", "127.0.0.1:1880");
  const stream = await Client.open(web);
  t.after(() => stream.reset());
  stream.write(String(request));
  await until(() => stream.bytes.includes("retry: 2000"), "the beginning of the stream");
  await visit(port, device);
  await until(() => stream.bytes.includes('"event":"closed"'), "the last event");
  assert.doesNotMatch(stream.bytes.toString(), /chunked/i); // the flow cuts lines, and knows no chunks
  assert.match(stream.bytes.toString(), /^data: \{"event":"connected"/m);
});

test("Node-RED's flow takes the webhook's requests", async (t) => {
  const { receiver, device, port } = await example(t, "node-red.conf", "127.0.0.1:1880");
  await visit(port, device, (count) => receiver.received(count));
  await receiver.received(3);
  const flow = flowOf("node-red-flow.json");
  const taker = flow.find(({ type }) => type === "http in");
  assert.deepEqual(
    [
      receiver.requests[0]?.url,
      receiver.requests[0]?.method.toLowerCase(),
      receiver.requests[0]?.headers["content-type"],
    ],
    [taker?.url, taker?.method, "application/json"],
  );
});

test("ten lines follow the stream of events", async (t) => {
  const { device, port, web } = await example(t, "node-red.conf", "127.0.0.1:1880");
  const follower = spawn(process.execPath, [
    "plugin-examples/events.mjs",
    `http://127.0.0.1:${web}/events?name=boiler`,
  ]);
  t.after(() => follower.kill());
  let text = "";
  follower.stdout.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  await until(async () => {
    await visit(port, device).catch(() => {});
    return /^boiler: the connection to .* has ended: /m.test(text);
  }, "the end of a connection to be printed");
});
