import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { ConnectionLog } from "#src/connection/connection-log.js";
import { SetupPhase } from "#src/connection/setup-phase.js";
import type { Settings } from "#src/core/config/settings.js";
import type { ConnRequest } from "#src/core/options/conn-request.js";
import { LineQueue } from "#src/monitor/line-queue.js";
import { Subscriber } from "#src/monitor/subscriber.js";
import type { EarlyBytes } from "#src/sockets/early-data.js";
import { FakeEnd } from "../support/fake-end.js";
import { from } from "../support/origin.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

const ELSEWHERE = "192.0.2.7";
const MAX_WATCHERS = 64;

/** The setup mode of a client at this address. */
function session(t: TestContext, address = "127.0.0.1", settings: Partial<Settings> = {}) {
  const here = servicesHere(t, settings);
  const client = new FakeEnd();
  const events: unknown[] = [];
  const owner = {
    ...{ id: "a1", origin: from(address) },
    dial: (request: ConnRequest, early: EarlyBytes) => events.push({ request, early }),
    ended: (reason: string) => events.push(reason),
    fault: (error: unknown) => assert.fail(String(error)),
  };
  const log = new ConnectionLog(here.generation.context, "a1", 2504, client);
  const phase = new SetupPhase(owner, client, log, here.generation.context);
  return { ...here, here, client, phase, events, replies: () => client.text.split("\n").slice(1, -1) };
}

test("STOP is the daemon's end, for a client on this machine", (t) => {
  const { client, asked, events, replies } = session(t);
  client.send("STOP\n");
  assert.deepEqual(replies(), ["OK STOP"]);
  assert.deepEqual([asked, events], [["stop: STOP by 127.0.0.1"], ["STOP by client"]]);
});

test("the client's origin decides what it may ask, not the address of its socket", (t) => {
  for (const command of ["STOP", "UPGR", "RELD", "TCPR hub:1 127.0.0.1:2", "WTCH"]) {
    const { client, asked, events, replies } = session(t, ELSEWHERE);
    client.send(`${command}\n`);
    assert.match(replies()[0] ?? "", /^ERR [A-Z]+ not from another machine/, command);
    assert.deepEqual([asked, events], [[], replies()], command);
  }
});

test("RELD replies when the configuration has been read, with what is wrong with it", async (t) => {
  const { client, asked, replies } = session(t);
  client.send("RELD\nBILD\n");
  assert.deepEqual(replies(), [], "nothing before");
  await until(() => replies().length === 2, "both replies");
  assert.equal(replies()[0], "OK RELD");
  assert.deepEqual(asked, ["reload: RELD by 127.0.0.1"]);
  const other = session(t);
  other.here.problem = "line 2: what is this?";
  other.client.send("RELD\nBILD\n");
  await until(() => other.events.length > 0, "its end");
  assert.deepEqual(other.replies(), ["ERR RELD line 2: what is this?"], "BILD is not answered any more");
});

test("UPGR replies when another process has taken over, with what has moved, or with why there is none", async (t) => {
  const { client, asked, replies } = session(t);
  client.send("UPGR\n");
  assert.deepEqual(replies(), [], "nothing before");
  await until(() => replies().length === 1, "the reply");
  assert.deepEqual([replies(), asked], [["OK UPGR 1.9.0 to 1.10.0"], ["upgrade: UPGR by 127.0.0.1"]]);
  const other = session(t);
  other.here.problem = "it is not there after 10 s";
  other.client.send("UPGR\n");
  await until(() => other.events.length > 0, "its end");
  assert.deepEqual(other.replies(), ["ERR UPGR it is not there after 10 s"]);
});

test("TCPR is in the log, and an error of it ends setup mode", async (t) => {
  const { client, asked, log, replies } = session(t);
  client.send("TCPR hub:7000 127.0.0.1:80\n");
  assert.deepEqual(asked, ["device: hub:7000 127.0.0.1:80"]);
  assert.deepEqual(log.lines, ["INFO [a1 127.0.0.1:10001 > -] TCPR: device of hub:7000 for 127.0.0.1:80"]);
  await immediate();
  assert.deepEqual(replies(), ["OK TCPR"]);
  const other = session(t);
  other.here.problem = "64 links are kept already";
  other.client.send("TCPR hub:7000 127.0.0.1:80\nBILD\n");
  await immediate();
  assert.deepEqual(other.replies(), ["ERR TCPR 64 links are kept already"]);
  assert.deepEqual(other.events, other.replies());
});

test("WTCH is refused when there are as many watchers as there may be", (t) => {
  const { client, clock, services, events, replies } = session(t);
  const subscriber = new Subscriber(new LineQueue((_text, done) => done(), clock, 1000), []);
  for (let count = 0; count < MAX_WATCHERS; count += 1) {
    services.monitor.addWatcher({ filter: { kind: "all" }, subscriber });
  }
  client.send("WTCH\n");
  assert.deepEqual(replies(), ["ERR WTCH 64 are watching already"]);
  assert.deepEqual(events, replies());
  const other = session(t);
  assert.equal(other.phase.kind, "setup");
  other.client.send("WTCH\n");
  assert.deepEqual([other.replies(), other.phase.kind], [["OK WTCH"], "watching"]);
  other.client.fin();
  assert.deepEqual(other.events, ["by client"]);
});

test("CONN gives the connection the request, and what the client has sent behind it", (t) => {
  const { client, clock, events } = session(t);
  client.send("RTIM 5000\nCONN device:23 PACE=1\nearly\nbytes");
  const [{ request, early }] = events as [{ request: ConnRequest; early: EarlyBytes }];
  assert.deepEqual(request.target, { host: "device", port: 23 });
  assert.equal(request.options.receiveTimeoutMs, 5000);
  assert.equal(early.bytes.toString(), "early\nbytes");
  assert.deepEqual([events.length, clock.pending], [1, 0], "no limit for a command any more");
});
