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

/** A client that takes a word of the device, and goes. */
async function visit(port: number, device: Device): Promise<void> {
  const before = device.clients.length;
  const client = await Client.open(port);
  (await device.client(before)).write("hello");
  await client.take(5);
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
  await visit(port, device);
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

/** The nodes that Node-RED has without further packages, as far as our flow uses them. */
const NODES = ["tab", "http in", "http response", "switch", "change", "debug"];

test("Node-RED's flow takes the webhook's requests, and its wires lead to nodes of its own", async (t) => {
  const { receiver, device, port } = await example(t, "node-red.conf", "127.0.0.1:1880");
  await visit(port, device);
  await receiver.received(3);
  type Node = {
    id: string;
    type: string;
    z?: string;
    wires?: string[][];
    url?: string;
    method?: string;
    outputs?: number;
  };
  const flow = JSON.parse(readFileSync("plugin-examples/node-red-flow.json", "utf8")) as Node[];
  const ids = flow.map(({ id }) => id);
  assert.deepEqual([new Set(ids).size, flow.filter(({ type }) => !NODES.includes(type))], [flow.length, []]);
  for (const { wires = [], z, outputs = wires.length } of flow) {
    assert.ok(wires.flat().every((id) => ids.includes(id)) && (z === undefined || ids.includes(z)));
    assert.equal(wires.length, outputs);
  }
  const { url, method } = flow.find(({ type }) => type === "http in") ?? {};
  assert.deepEqual(
    [
      receiver.requests[0]?.url,
      receiver.requests[0]?.method.toLowerCase(),
      receiver.requests[0]?.headers["content-type"],
    ],
    [url, method, "application/json"],
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
