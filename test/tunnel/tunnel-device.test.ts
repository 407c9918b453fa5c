// The device side of a tunnel on a clock that the test moves; the test scripts the server byte by byte.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parseServices } from "#src/core/tunnel/service-rules.js";
import { BlackHole } from "../support/black-hole.js";
import { ManualClock } from "../support/clock.js";
import { daemonHere } from "../support/in-process.js";
import { Device } from "../support/net.js";
import {
  CONNECT,
  connectPayload,
  FramePeer,
  HELLO,
  PONG,
  ScriptedServer,
  SESSION,
  sessionPayload,
} from "../support/tunnel.js";
import { until } from "../support/wait.js";

const HOST = "127.0.0.1";
const STEADY_MS = 1000;
const FIRST_RETRY_MS = 375; // longest first wait
const MAX_RETRY_MS = 2000;
const CONNECT_MS = 3000;
const ANSWER_MS = 3000;
const NO_SUCH_COMMAND = 99;
const OPENING = 8; // LISTEN and a ping

/** A device of a server, linked for the first time, with one service. */
async function open(t: TestContext) {
  const [server, service] = [await ScriptedServer.open(), await Device.open()];
  const allow = parseServices(`${HOST}:${service.port}`);
  assert.ok(allow.ok);
  const clock = new ManualClock();
  const settings = { deviceServers: [{ host: HOST, port: server.port }], deviceAllow: allow.value };
  const { daemon, log } = await daemonHere(settings, clock);
  t.after(async () => {
    server.close();
    service.close();
    await daemon.stop("the test has ended");
  });
  const status = () => {
    const [device] = daemon.status.devices;
    assert.ok(device);
    return device;
  };
  const link = async () => {
    const next = await server.link();
    await until(() => status().connected, "the device to know");
    return next;
  };
  return {
    ...{ daemon, log, clock, server, service, status, link },
    losses: () => log.lines.filter((line) => line.includes("link lost")).length,
    lose: async (peer: Awaited<ReturnType<typeof link>>): Promise<void> => {
      peer.client.end();
      await until(() => !status().connected, "the loss");
    },
    used: () => daemon.status.descriptors.used,
  };
}

test("the status says for how long there has been no link, and why; a link that does not last ends no absence", async (t) => {
  const { clock, status, link, lose } = await open(t);
  const peer = await link();
  assert.deepEqual([status().absentMs, status().reason], [undefined, undefined]);
  clock.advance(STEADY_MS);
  await lose(peer);
  assert.equal(status().absentMs, 0);
  clock.advance(FIRST_RETRY_MS);
  const brief = await link();
  assert.equal(status().absentMs, undefined);
  await lose(brief);
  assert.equal(status().absentMs, FIRST_RETRY_MS);
  assert.match(status().reason ?? "", /^link lost: /);
});

test("links, clients and bytes are counted over all links, descriptors while they are open", async (t) => {
  const { clock, service, status, used, link, lose, daemon } = await open(t);
  const before = used();
  for (const links of [1, 2]) {
    const peer = await link();
    const allowed = connectPayload(HOST, service.port);
    peer.send(CONNECT, 1, allowed);
    peer.send(CONNECT, 2, connectPayload(HOST, 1));
    await peer.closes(2);
    const side = await service.client(links - 1);
    await until(() => used() === before + 1, "the service's descriptor");
    const frames = 2 * (4 + allowed.length);
    assert.equal(status().links, links);
    assert.deepEqual([status().clients, status().refused], [links, links]);
    assert.deepEqual([status().received, status().sent], [frames * links, (OPENING + 8) * links - 4]);
    side.destroy();
    await peer.closes(1);
    assert.equal(used(), before);
    await lose(peer);
    assert.equal(used(), before - 1);
    assert.deepEqual([status().received, status().sent], [frames * links, (OPENING + 8) * links]);
    clock.advance(STEADY_MS);
  }
  await daemon.stop("enough");
  assert.equal(used(), before - 1);
});

test("after a good link the next attempt follows soon, and the log shows each loss", async (t) => {
  const { clock, link, lose, losses } = await open(t);
  for (let round = 1; round <= 4; round += 1) {
    const peer = await link();
    clock.advance(STEADY_MS);
    await lose(peer);
    assert.equal(losses(), round);
    clock.advance(FIRST_RETRY_MS);
  }
});

test("links that do not last: attempts become rare, and the log shows them once", async (t) => {
  const { clock, server, link, lose, losses, used } = await open(t);
  for (let round = 1; round <= 5; round += 1) {
    await lose(await link());
    const idle = used();
    clock.advance(FIRST_RETRY_MS);
    assert.equal(used() - idle, round === 1 ? 1 : 0, `attempts soon after loss ${round}`);
    clock.advance(MAX_RETRY_MS - FIRST_RETRY_MS);
  }
  assert.equal(losses(), 1);
  await link();
  assert.equal(server.count, 6);
});

test("when the daemon stops, no attempt begins", async (t) => {
  for (const state of ["linked", "between two attempts", "with a client"]) {
    const { clock, daemon, server, service, link, lose } = await open(t);
    const peer = await link();
    if (state === "with a client") {
      peer.send(CONNECT, 0, connectPayload(HOST, service.port));
      await service.client();
    }
    if (state === "between two attempts") await lose(peer);
    await daemon.stop("enough");
    await peer.ended();
    let looks = 0;
    const done = () => {
      clock.advance(MAX_RETRY_MS);
      looks = clock.pending === 0 ? looks + 1 : 0;
      return looks > 20; // not only between two timers
    };
    await until(done, "the last timer");
    assert.equal(server.count, 1, state);
  }
});

test("an attempt without an answer is given up after three seconds; a stop of the daemon leaves nothing of it", async (t) => {
  const hole = await BlackHole.open(t);
  await hole.close();
  const clock = new ManualClock();
  const { daemon, log } = await daemonHere({ deviceServers: [{ host: HOST, port: hole.port }] }, clock);
  t.after(() => daemon.stop("the test has ended"));
  const used = () => daemon.status.descriptors.used;
  assert.equal(used(), 1);
  clock.advance(CONNECT_MS - 1);
  assert.equal(used(), 1);
  clock.advance(1);
  await until(() => used() === 0, "the attempt to be given up");
  assert.match(log.lines.join("\n"), /WARN \[device > 127\.0\.0\.1:\d+\] [^\n]*; the device tries again/);
  clock.advance(FIRST_RETRY_MS);
  assert.equal(used(), 1);
  await daemon.stop("enough");
  await until(() => used() === 0, "the end of the next one");
});

test("nonsense from a server is logged once", async (t) => {
  const { service, link, log } = await open(t);
  const peer = await link();
  for (const _ of [1, 2]) peer.send(NO_SUCH_COMMAND, 0);
  peer.send(CONNECT, 0, connectPayload(HOST, service.port));
  await service.client();
  const skipped = log.lines.filter((line) => line.includes("skipped"));
  assert.equal(skipped.length, 1);
  assert.match(skipped[0] ?? "", /^INFO \[device > 127\.0\.0\.1:\d+\] a frame is skipped: unknown command 99$/);
});

test("a closed service is released at once, not after a silence", async (t) => {
  const { service, link } = await open(t);
  const peer = await link();
  peer.send(CONNECT, 0, connectPayload(HOST, service.port));
  const side = await service.client();
  side.end();
  await peer.closes(0);
  await until(() => side.ended || side.closed, "its end");
});

test("a server that does not answer to SESSION is logged once, however often", async (t) => {
  const { clock, server, log, link, lose } = await open(t);
  const peer = await link();
  peer.send(PONG, 0);
  peer.send(HELLO, 0, "session");
  peer.send(SESSION, 0, sessionPayload(Buffer.alloc(16, "session!"), 0, 60_000));
  await peer.expect(SESSION, 0);
  await lose(peer);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await until(() => {
      clock.advance(50);
      return server.count > attempt;
    }, "an attempt");
    const silent = new FramePeer(await server.device.client(attempt));
    await silent.expect(SESSION, 0);
    clock.advance(ANSWER_MS);
    await silent.ended();
  }
  assert.equal(log.lines.filter((line) => line.includes("no answer within 3 s")).length, 1);
});
