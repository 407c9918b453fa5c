import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { startDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { FakeLuup, likeOpenLuup, saying } from "../../support/luup.js";
import { type Client, greet, relayed } from "../../support/net.js";
import { type Notifying, startNotifying } from "../../support/notifying.js";
import { statJson } from "../../support/stat-json.js";
import { pause, quietFor, until } from "../../support/wait.js";

let { daemon, luup, device, stop } = {} as Notifying;
before(async () => {
  ({ daemon, luup, device, stop } = await startNotifying());
});
after(() => stop());
afterEach(() => {
  luup.answer = likeOpenLuup;
});

let count = 0;

/** A relayed connection with a pid of its own. */
async function notified(options = "", target = "5/urn:x/Act"): ReturnType<typeof relayed> {
  count += 1;
  return relayed(daemon.port, device, `NTFY=${target}/pid${count} ${options}`);
}

test("the action request is exactly the documented one", async () => {
  const { client, remote, pid } = await notified("", "123/urn:example-com:serviceId:Example1/HandleReceive");
  remote.write("data");
  const [arrival] = await luup.received(pid, 1);
  assert.equal(
    arrival?.url,
    "/data_request?id=action&output_format=json&DeviceNum=123&serviceId=urn%3Aexample-com%3AserviceId%3AExample1" +
      `&action=HandleReceive&Pid=${pid}`,
  );
  assert.equal(arrival?.headers["user-agent"], "sockproxyd-1");
  assert.notEqual(arrival?.headers.connection, "close");
  client.destroy();
});

test("without a pid of the plugin's own the one of the greeting is sent, never an empty one", async () => {
  for (const options of ["NTFY=5/urn:x/Act", "NTFY=5/urn:x/Act/", "NTFY=5"]) {
    const { client, remote, pid } = await relayed(daemon.port, device, options);
    assert.match(pid, /^[0-9a-f]{11}$/);
    remote.write("x");
    await luup.received(pid, 1);
    client.destroy();
  }
});

test("without NTFY no notification is sent", async () => {
  const before = luup.arrivals.length;
  const { client, remote } = await relayed(daemon.port, device);
  remote.write("x");
  await client.take(1);
  client.destroy();
  await until(() => remote.ended, "the end");
  await quietFor(100);
  assert.equal(luup.arrivals.length, before);
});

test("the first datagram is notified without delay", async (t) => {
  const udp = createSocket("udp4").bind(0, "127.0.0.1");
  await once(udp, "listening");
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${udp.address().port} PRTO=udp NTFY=5/urn:x/Act/udp\n`);
  await client.line();
  client.write("hello");
  const [, from] = (await once(udp, "message")) as [Buffer, { port: number; address: string }];
  const delays: number[] = [];
  for (let n = 0; n < 50; n += 1) {
    const since = performance.now();
    udp.send("reading", from.port, from.address);
    const arrivals = await luup.received("udp", n + 1);
    delays.push((arrivals[n]?.at ?? 0) - since);
    await pause(5); // the answer is read before the next datagram
  }
  delays.sort((a, b) => a - b);
  const median = delays[25] ?? 0;
  t.diagnostic(`from datagram to action: median ${median.toFixed(2)} ms, longest ${delays.at(-1)?.toFixed(2)} ms`);
  assert.ok(median < 500, `${median} ms`);
  client.destroy();
  udp.close();
});

test("PACE: the first at once, what comes in the quiet time once at its end, nothing unannounced", async () => {
  const { client, remote, pid } = await notified("PACE=0.8");
  for (let n = 0; n < 10; n += 1) {
    remote.write(`${n}`);
    await pause(20);
  }
  const [first, second] = await luup.received(pid, 2);
  const distance = (second?.at ?? 0) - (first?.at ?? 0);
  assert.ok(distance >= 500, `${distance} ms`);
  await quietFor(1000);
  assert.equal(luup.of(pid).length, 2);
  remote.write("late");
  await luup.received(pid, 3); // at once: so say the tests of the pacer, which have a clock of their own
  client.destroy();
});

test("a close makes one request, not two, and waits for no pace", async () => {
  const { client, remote, pid } = await notified("PACE=60");
  remote.write("first");
  await luup.received(pid, 1);
  remote.write("second"); // in the quiet time: unannounced
  await client.take(11);
  remote.end();
  await luup.received(pid, 2);
  assert.equal(client.ended, true, "the plugin reads the end when its action runs");
  client.end();
  await quietFor(300);
  assert.equal(luup.of(pid).length, 2);

  const together = await notified();
  daemon.child.kill("SIGSTOP"); // otherwise it may see the data in one pass of its event loop and the end in the next one
  together.remote.socket.end("data and end");
  await once(together.remote.socket, "finish");
  daemon.child.kill("SIGCONT");
  await luup.received(together.pid, 1);
  await together.client.rest();
  together.client.end();
  await quietFor(300);
  assert.equal(luup.of(together.pid).length, 1);
});

const ends: [string, string, (client: Client, remote: Client) => void][] = [
  ["the remote closes", "", (_client, remote) => remote.end()],
  ["the remote resets", "", (_client, remote) => remote.reset()],
  [
    "the plugin closes",
    "",
    (client, remote) => {
      client.end();
      remote.end();
    },
  ],
  ["the plugin resets", "", (client) => client.reset()],
  ["RTIM runs out", "RTIM=100", () => {}],
  ["the plugin closes, and the remote, left alone with that, is let go", "", (client) => client.end()],
];
for (const [what, options, end] of ends) {
  test(`the final notification goes out once when ${what}`, async () => {
    const { client, remote, pid } = await notified(options);
    end(client, remote);
    await luup.received(pid, 1);
    client.end();
    await quietFor(200);
    assert.equal(luup.of(pid).length, 1);
  });
}

test("during a slow action its connection has no second request; new data makes one more afterwards", async () => {
  const { client, remote, pid } = await notified("", "5/urn:x/Slow");
  const waiting: ServerResponse[] = [];
  luup.answer = (arrival, response, request) => {
    if (arrival.action === "Slow" && waiting.length === 0) waiting.push(response);
    else likeOpenLuup(arrival, response, request);
  };
  for (let n = 0; n < 20; n += 1) {
    remote.write("x");
    await pause(10);
  }
  assert.equal(luup.of(pid).length, 1);
  waiting[0]?.end("{}");
  await luup.received(pid, 2);
  await quietFor(200);
  assert.equal(luup.of(pid).length, 2);
  client.destroy();
});

test("actions that hang delay neither another connection's notification nor any relay", async (t) => {
  const hung: Awaited<ReturnType<typeof relayed>>[] = [];
  while (hung.length < 40) hung.push(await relayed(daemon.port, device, "NTFY=9/urn:x/Hang"));
  luup.answer = (arrival, response, request) => {
    if (arrival.action !== "Hang") likeOpenLuup(arrival, response, request);
  };
  for (const { remote } of hung) remote.write("x");
  await until(() => luup.arrivals.filter(({ action }) => action === "Hang").length >= 30, "hanging actions");
  const { client, remote, pid } = await notified();
  const since = performance.now();
  remote.write("y");
  const [arrival] = await luup.received(pid, 1);
  const ms = (arrival?.at ?? 0) - since;
  t.diagnostic(`beside ${hung.length} hanging actions: ${ms.toFixed(1)} ms`);
  assert.ok(ms < 10_000, `${ms} ms`);
  hung[0]?.client.write("through");
  await hung[0]?.remote.take(7);
  client.destroy();
  for (const each of hung) each.client.destroy();
  luup.answer = likeOpenLuup;
  luup.cut();
});

test("100 connections are notified together", async (t) => {
  const all: Awaited<ReturnType<typeof relayed>>[] = [];
  while (all.length < 100) all.push(await relayed(daemon.port, device, "NTFY=6/urn:x/Many"));
  const before = luup.arrivals.length;
  const since = performance.now();
  for (const { remote } of all) remote.write("x");
  await until(() => luup.arrivals.length >= before + 100, "100 notifications");
  const ms = Math.max(...luup.arrivals.slice(before).map(({ at }) => at)) - since;
  t.diagnostic(`100 connections notified within ${ms.toFixed(0)} ms`);
  assert.ok(ms < 10_000, `${ms} ms`);
  assert.equal(new Set(luup.arrivals.slice(before).map(({ pid }) => pid)).size, 100);
  for (const { client } of all) client.destroy();
});

const permanent: [string, ReturnType<typeof saying>][] = [
  ["200 ERROR: Invalid Service", saying("ERROR: Invalid Service")],
  ["200 ERROR: No implementation", saying("ERROR: No implementation")],
  ["401", saying("Unauthorized", 401)],
  ["404", saying("Not found", 404)],
  ["501", saying("No handler", 501)],
];
for (const [what, answer] of permanent) {
  test(`${what} makes one warning per connection and is not repeated`, async () => {
    const { client, remote, pid } = await notified("", "77/urn:nope/Nothing");
    luup.answer = answer;
    remote.write("x");
    await luup.received(pid, 1);
    await quietFor(800); // the first repetition would come after 0.5 s
    assert.equal(luup.of(pid).length, 1);
    remote.write("y");
    await luup.received(pid, 2);
    client.reset();
    await luup.received(pid, 3);
    await pause(50);
    const lines = daemon
      .log()
      .split("\n")
      .filter((line) => line.includes("rejected") && line.includes(pidLabel(pid)));
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", / WARN .*device 77, service urn:nope, action Nothing: status \d+/);
  });
}

/** How the log names the connection that carries this pid: by the id of the connection. */
function pidLabel(pid: string): string {
  const index = Number(pid.slice(3));
  const opened = daemon
    .log()
    .split("\n")
    .filter((line) => line.includes("connected to"));
  assert.ok(index > 0);
  return /\[([0-9a-f]+) /.exec(opened.at(-1) ?? "")?.[1] ?? "?";
}

test("5xx is repeated with backoff until the engine takes it", async () => {
  const { client, remote, pid } = await notified();
  luup.answer = saying("starting", 503);
  remote.write("x");
  const [first, second] = await luup.received(pid, 2);
  assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 490);
  luup.answer = likeOpenLuup;
  await luup.received(pid, 3);
  await quietFor(1500);
  assert.equal(luup.of(pid).length, 3);
  client.destroy();
});

test("an engine that restarts gets what it missed, once", async () => {
  const port = await freePort();
  const own = await startDaemon("-N", `http://127.0.0.1:${port}`);
  const { client, remote, pid } = await relayed(own.port, device, "NTFY=5/urn:x/Act");
  remote.write("x");
  await until(() => own.log().includes("does not take notifications"), "the warning");
  remote.write("y");
  const late = await new FakeLuup().start(port);
  await late.received(pid, 1);
  await until(() => own.log().includes("takes notifications again"), "the all-clear");
  await quietFor(1500);
  assert.equal(late.of(pid).length, 1);
  assert.equal(
    own
      .log()
      .split("\n")
      .filter((line) => line.includes("does not take notifications")).length,
    1,
  );
  client.destroy();
  await own.stop();
  await late.stop();
});

test("connections are kept alive; a dead one is replaced at once", async () => {
  const { client, remote, pid } = await notified();
  for (let n = 1; n <= 5; n += 1) {
    remote.write("x");
    await luup.received(pid, n);
    await pause(20);
  }
  assert.equal(new Set(luup.of(pid).map(({ from }) => from)).size, 1, "one connection for all");
  // the engine accepts the request on the kept connection, and resets it without an answer
  const retried = async (): Promise<number> => {
    const { notifications } = await statJson(daemon.port);
    return notifications.retried;
  };
  const retriedBefore = await retried();
  let cut = false;
  luup.answer = (arrival, response, request) => {
    if (cut) return likeOpenLuup(arrival, response, request);
    cut = true;
    request.socket.resetAndDestroy();
  };
  remote.write("x");
  await luup.received(pid, 7);
  assert.equal(await retried(), retriedBefore, "sent at once on a fresh connection, not repeated after the backoff");
  client.destroy();
});

test("a base path and user:password@ of the URL are used", async () => {
  const own = await startDaemon("-N", `http://me:p%40ss@127.0.0.1:${luup.port}/port_3480/`);
  const { client, remote, pid } = await relayed(own.port, device, "NTFY=5/urn:x/Act");
  remote.write("x");
  const [arrival] = await luup.received(pid, 1);
  assert.match(arrival?.url ?? "", /^\/port_3480\/data_request\?id=action&/);
  assert.equal(arrival?.headers.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  assert.doesNotMatch(own.log(), /p@ss|p%40ss/);
  client.destroy();
  await own.stop();
});

test("a plugin that does not read is notified, and again when it has read", async () => {
  const { client, remote, pid } = await notified();
  client.socket.pause();
  const piece = Buffer.alloc(1_048_576);
  const sent = (async () => {
    for (let n = 0; n < 20; n += 1) {
      if (!remote.socket.write(piece)) await new Promise((resolve) => remote.socket.once("drain", resolve));
    }
  })();
  await luup.received(pid, 1);
  await pause(300);
  const told = luup.of(pid).length;
  client.socket.resume();
  await sent;
  await luup.received(pid, told + 1);
  client.destroy();
});
