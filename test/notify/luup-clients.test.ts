import assert from "node:assert/strict";
import { test } from "node:test";
import type { LuupClient, Requester } from "#src/notify/luup-client.js";
import { LuupClients } from "#src/notify/luup-clients.js";
import { systemClock } from "#src/system/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { FakeLuup } from "../support/luup.js";
import { localNames } from "../support/names.js";
import { until } from "../support/wait.js";

/** A request, and whether it was delivered. */
function request(pid: string): Requester & { delivered: boolean } {
  return {
    ...{ path: `/data_request?Pid=${pid}`, device: 1, action: "1/s/a", isRetry: false, done: false, delivered: false },
    sent() {},
    answered({ outcome }) {
      this.delivered = outcome === "delivered";
    },
    wayReturned() {},
  };
}

async function delivered(client: LuupClient, pid: string): Promise<void> {
  const sent = request(pid);
  client.send(sent);
  await until(() => sent.delivered, `the delivery of ${pid}`);
}

test("a reload with another URL: new connections use it, former ones keep theirs for as long as they use it", async (t) => {
  const [first, second] = [await new FakeLuup().start(), await new FakeLuup().start()];
  const clients = new LuupClients(first.url, systemClock, new MemoryLog(), localNames());
  t.after(async () => {
    await clients.close();
    await Promise.all([first.stop(), second.stop()]);
  });
  const former = clients.current;
  await delivered(former, "a");
  clients.configure(first.url, () => false);
  assert.equal(clients.current, former, "the same URL changes nothing");
  clients.configure(second.url, (client) => client === former);
  assert.notEqual(clients.current, former);
  await delivered(former, "b");
  await delivered(clients.current, "c");
  assert.deepEqual([first.of("b").length, second.of("c").length], [1, 1]);
  clients.configure(second.url, () => false);
  await until(() => first.connections === 0, "the former client to be closed");
  await delivered(clients.current, "d");
});

test("what a former engine does not take waits, and is told of, too", async (t) => {
  const engine = await new FakeLuup().start();
  const clients = new LuupClients("http://127.0.0.1:1", systemClock, new MemoryLog(), localNames());
  t.after(async () => {
    await clients.close();
    await engine.stop();
  });
  clients.current.send(request("g"));
  await until(() => clients.status.repeating === 1, "the failure");
  clients.configure(engine.url, () => true);
  await delivered(clients.current, "h");
  const { waiting, repeating, sent, untakenMs, away } = clients.status;
  assert.deepEqual([waiting, repeating, sent], [1, 1, 1]);
  assert.match(away?.why ?? "", /ECONNREFUSED/);
  assert.ok(untakenMs !== undefined);
});

test("base path, user and password of the URL go with every request; a password needs no user", async (t) => {
  const engine = await new FakeLuup().start();
  t.after(() => engine.stop());
  for (const [login, pid] of [
    ["me:p%40ss", "e"],
    [":token", "f"],
  ] as const) {
    const url = `${engine.url.replace("//", `//${login}@`)}/port_3480//`;
    const clients = new LuupClients(url, systemClock, new MemoryLog(), localNames());
    await delivered(clients.current, pid);
    await clients.close();
    const [arrival] = engine.of(pid);
    assert.equal(arrival?.url, `/port_3480/data_request?Pid=${pid}`);
    const expected = Buffer.from(decodeURIComponent(login)).toString("base64");
    assert.equal(arrival?.headers.authorization, `Basic ${expected}`);
  }
});
