import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import { freePort } from "../../support/free-port.js";
import { Client, Device, relayed } from "../../support/net.js";
import { until } from "../../support/wait.js";
import { ask, startWeb } from "../../support/web.js";

/** What a reader of `/events` has got. */
interface Told {
  readonly id: string;
  readonly kind: string;
  readonly event: GatewayEvent;
}

/** Reads `/events`. */
async function read(t: TestContext, port: number, query = "", headers: Record<string, string> = {}) {
  const asked = get({ host: "127.0.0.1", port, path: `/events${query}`, agent: false, headers });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  assert.deepEqual([response.statusCode, response.headers["content-type"]], [200, "text/event-stream"]);
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  response.on("error", () => {});
  t.after(() => response.destroy());
  const told = (): Told[] =>
    [...text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, id = "", kind = "", data = ""]) => ({
      ...{ id, kind },
      event: JSON.parse(data) as GatewayEvent,
    }));
  await until(() => text.startsWith("retry: "), "the beginning of the stream");
  return { response, told, text: () => text };
}

/** A daemon with a page, a direct line `boiler`, and its device. */
async function scene(t: TestContext) {
  const device = await Device.open();
  t.after(() => device.close());
  const line = await freePort();
  const section = `[direct boiler]\nlisten=${line}\ntarget=127.0.0.1:${device.port}\n`;
  return { ...(await startWeb(t, section)), device, line };
}

test("readers of /events are told of connections as they wish, also of those that were there before", async (t) => {
  const { daemon, web, device, line } = await scene(t);
  const early = await relayed(daemon.port, device, "NTFY=5/urn:x/Act/early");
  early.remote.write("nobody reads yet");
  await early.client.take(16);
  const [all, boiler, ends] = await Promise.all([
    read(t, web),
    read(t, web, "?name=boiler"),
    read(t, web, "?event=closed,server-down&pid=early"),
  ]);
  const client = await Client.open(line);
  const remote = await device.client(1);
  early.remote.write("news");
  remote.write("hello");
  await until(() => all.told().length >= 3, "the events of both");
  remote.end();
  early.client.reset();
  await until(() => ends.told().length === 1, "the end of the early one");
  await client.rest();
  client.end();
  await until(() => boiler.told().at(-1)?.kind === "closed", "the end of the other one");
  assert.deepEqual(
    all
      .told()
      .flatMap(({ event }) => (event.event === "data" ? [`${event.name} ${event.bytes}`] : []))
      .sort(),
    ["boiler 5", "undefined 4"],
  );
  const kinds = boiler.told().map(({ kind }) => kind);
  assert.deepEqual(
    [kinds[0], kinds.at(-1), boiler.told().every(({ event }) => event.name === "boiler")],
    ["connected", "closed", true],
  );
  assert.deepEqual(
    ends.told().map(({ event }) => [event.event, event.pid, event.bytes]),
    [["closed", "early", 20]],
  );
});

test("a reader that comes back gets what it has missed", async (t) => {
  const { web, device, line } = await scene(t);
  const first = await read(t, web);
  const client = await Client.open(line);
  await until(() => first.told().length === 1, "the first event");
  first.response.destroy();
  (await device.client()).write("meanwhile");
  await client.take(9);
  client.reset();
  const id = first.told()[0]?.id ?? "";
  await until(async () => {
    const again = await read(t, web, "", { "Last-Event-ID": id });
    again.response.destroy();
    return again.told().at(-1)?.kind === "closed";
  }, "what was missed");
  const other = await read(t, web, "", { "Last-Event-ID": "another-1" });
  assert.deepEqual(other.told(), []);
});

test("a wrong query is told, and a page of another site reads nothing", async (t) => {
  const { web } = await scene(t);
  const answers = await Promise.all([
    ask(web, "/events?event=conected"),
    ask(web, "/events?line=boiler"),
    ask(web, "/events", { headers: { Origin: "http://elsewhere.example" } }),
    ask(web, "/events", { method: "POST" }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [400, 400, 403, 405],
  );
  assert.match(answers[0]?.body ?? "", /unknown event "conected"; did you mean connected\?/);
});
