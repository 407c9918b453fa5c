import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { WebhookSettings } from "#src/core/webhook/webhook-settings.js";
import type { Delivery, DeliveryResult } from "#src/notify/notification-way.js";
import { WebhookClient } from "#src/notify/webhook-client.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";
import { Receiver } from "../support/receiver.js";
import { until } from "../support/wait.js";

/** One thing to tell, and what has become of it. */
class Told implements Delivery {
  readonly event: NonNullable<Delivery["event"]>;
  readonly isRetry = false;
  done = false;
  wasSent = false;
  returned = 0;
  result: DeliveryResult | undefined;

  constructor(pid: string) {
    const facts = { listener: 1, remote: "a:1", client: "b:2", text: "x" };
    this.event = { event: "connected", time: "2026-11-30T07:00:00.000Z", pid, ...facts };
  }

  sent(): void {
    this.wasSent = true;
  }

  answered(result: DeliveryResult): void {
    this.result = result;
  }

  wayReturned(): void {
    this.returned += 1;
  }
}

async function scene(t: TestContext) {
  const [receiver, clock, log] = [await Receiver.open(t), new ManualClock(), new MemoryLog()];
  const settings: WebhookSettings = { name: "hub", url: `${receiver.url}/?key=hush`, method: "POST", headers: [] };
  const client = new WebhookClient(settings, log, { clock, names: localNames(clock) });
  t.after(() => client.close());
  const tell = async (pid = "p"): Promise<Told> => {
    const told = new Told(pid);
    client.send(told);
    await until(() => told.result !== undefined, "the end of it");
    return told;
  };
  return { receiver, clock, log, settings, client, tell };
}

test("2xx is success; 5xx, 408 and 429 are repeated; other answers are final, and the log tells each once", async (t) => {
  const { receiver, log, client, tell } = await scene(t);
  const outcomes: string[] = [];
  for (const status of [200, 204, 500, 503, 408, 429, 404, 404, 301, 401, 202]) {
    receiver.answer = (response) => response.writeHead(status, { Location: "/elsewhere" }).end("x".repeat(9000));
    const { result } = await tell();
    outcomes.push(`${status} ${result?.outcome}`);
  }
  assert.deepEqual(outcomes, [
    ...["200 delivered", "204 delivered", "500 failed", "503 failed", "408 failed", "429 failed"],
    ...["404 rejected", "404 rejected", "301 rejected", "401 rejected", "202 delivered"],
  ]);
  assert.equal(receiver.requests.length, 11);
  const name = `WARN webhook hub at ${receiver.url}`;
  assert.deepEqual(
    log.lines,
    [500, 503, 408, 429, 404, 301, 401]
      .map((status) => `${name} does not take events (status ${status})`)
      .concat(`${name} takes events again`),
  );
  const { sent, failed, waiting, failingMs } = client.status;
  assert.deepEqual([sent, failed, waiting, failingMs], [11, 8, 4, undefined]);
});

test("a webhook that wants to be left alone is, for all that waits, and no longer than ten minutes", async (t) => {
  const { receiver, clock, client, tell } = await scene(t);
  receiver.answer = (response) => response.writeHead(429, { "Retry-After": "7" }).end();
  const { result } = await tell();
  assert.equal(result?.retryAfterMs, 7000);
  receiver.answer = (response) => response.writeHead(503, { "Retry-After": "999999" }).end();
  const other = new Told("other");
  client.send(other);
  clock.advance(6999);
  assert.deepEqual([other.wasSent, client.status.waiting], [false, 2]);
  clock.advance(1);
  await until(() => other.result !== undefined, "the other one");
  assert.equal(other.result?.retryAfterMs, 600_000);
});

test("eight requests are under way at a time; one without an answer ends after 5 s, and is repeated when others are taken", async (t) => {
  const { receiver, clock, client } = await scene(t);
  receiver.answer = () => {};
  const all = Array.from({ length: 12 }, (_, index) => new Told(`p${index}`));
  for (const told of all) client.send(told);
  await receiver.received(8);
  assert.deepEqual([client.status.inFlight, client.status.waiting], [8, 4]);
  client.cancel(all[11] as Told);
  receiver.answer = (response) => response.end();
  clock.advance(5000);
  await until(() => all.slice(0, 11).every(({ result }) => result !== undefined), "all of them");
  assert.deepEqual(
    all.map(({ result }) => result?.outcome),
    [...Array<string>(8).fill("timed-out"), ...Array<string>(3).fill("delivered"), undefined],
  );
  assert.ok(all.slice(0, 8).every(({ returned }) => returned === 1));
});

test("a reload leads what waits to the new place; a webhook that is gone refuses what is still to be told", async (t) => {
  const { receiver, client, settings, tell } = await scene(t);
  const next = await Receiver.open(t);
  client.configure({ ...settings, url: `${next.url}/next/{pid}` });
  assert.equal((await tell("a b")).result?.outcome, "delivered");
  assert.deepEqual([receiver.requests.length, next.requests[0]?.url], [0, "/next/a%20b"]);
  await client.close();
  const late = new Told("late");
  client.send(late);
  assert.deepEqual([late.result?.outcome, late.wasSent], ["rejected", false]);
});

test("what a reload takes back, and what waits behind it, is no failure of the new webhook", async (t) => {
  const { log, client, settings, tell } = await scene(t);
  const told = Array.from({ length: 9 }, () => tell()); // none of them is connected yet, and one waits
  client.configure({ ...settings, method: "PUT" });
  const outcomes = (await Promise.all(told)).map(({ result }) => result?.outcome);
  assert.deepEqual(outcomes, [...Array(8).fill("failed"), "delivered"]);
  assert.deepEqual([log.lines, client.status.why], [[], undefined]);
});
