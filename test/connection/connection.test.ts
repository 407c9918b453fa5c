import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Connection } from "#src/connection/connection.js";
import type { Settings } from "#src/core/config/settings.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { dial } from "#src/dial/dial.js";
import { DialError } from "#src/dial/dial-error.js";
import type { End } from "#src/sockets/end.js";
import { FakeLuup } from "../support/luup.js";
import { type Client, Device } from "../support/net.js";
import { from } from "../support/origin.js";
import { servicesHere } from "../support/services.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const LISTENER = { name: "proxy port 2504", port: 2504 };
const LAST_REPLY_MS = 5000;

/** A client that has just been admitted, and a device that it may be connected to. */
async function scene(t: TestContext, settings: Partial<Settings> = {}) {
  const here = servicesHere(t, settings);
  const { services, generation } = here;
  const { end, peer } = await socketEnd(t);
  const device = await Device.open();
  t.after(() => device.close());
  const connection = new Connection("a1", end, from("127.0.0.1"), LISTENER, generation.context);
  services.registry.add(connection, services.descriptors.takeReserved());
  const request = { target: { host: "127.0.0.1", port: device.port }, options: DEFAULT_OPTIONS };
  /** Connects the client as a `[direct]` port does; returns the device's side. */
  const connect = async (): Promise<Client> => {
    connection.connect(request, "direct", () => dial(request, connection.origin, generation.context));
    await until(() => connection.phase === "echo", "the remote");
    return device.client();
  };
  const finished = (): Promise<void> => until(() => connection.isFinished, "the connection to be finished");
  return { ...here, end, peer, device, connection, request, connect, finished };
}

test("a connection relays until both sides have ended, and leaves nothing", async (t) => {
  const { peer, connection, connect, finished, services, log } = await scene(t);
  const remote = await connect();
  peer.write("question");
  assert.equal(await remote.take(8), "question");
  remote.write("answer");
  assert.equal(await peer.take(6), "answer");
  assert.deepEqual(connection.traffic, { received: 6, sent: 8 });
  remote.end();
  assert.equal(await peer.rest(), "");
  peer.end();
  await finished();
  assert.deepEqual([services.registry.all(), services.registry.open], [[], 0]);
  await until(() => services.descriptors.used === 0, "both descriptors to be given back");
  const closed = log.lines.filter((line) => line.includes("closed:"));
  assert.equal(closed.length, 1);
  assert.match(
    closed[0] ?? "",
    /^INFO \[a1 127\.0\.0\.1:\d+ > 127\.0\.0\.1:\d+\] closed: by remote; 0\.0 s, 6 bytes from remote, 8 to remote$/,
  );
});

test("STAT names the phase of a connection", async (t) => {
  const { peer, connection, request, generation, end } = await scene(t);
  assert.equal(connection.phase, "setup", "before its listener has decided");
  let resolve: (end: End) => void = () => {};
  const pending = new Promise<End>((succeed) => {
    resolve = succeed;
  });
  connection.connect(request, "direct", () => ({ kind: "socket", end: pending, abort() {} }));
  assert.deepEqual([connection.phase, connection.status.remote], ["dialing", `127.0.0.1:${request.target.port}`]);
  const dialled = await dial(request, connection.origin, generation.context).end;
  resolve(dialled);
  await until(() => connection.phase === "echo", "the remote");
  assert.equal(connection.status.remoteAddress, `127.0.0.1:${request.target.port}`);
  connection.stop("enough");
  assert.deepEqual([connection.phase, connection.status.remote], ["closing", `127.0.0.1:${request.target.port}`]);
  peer.end();
  await until(() => end.gone, "its end");
});

test("a client in setup mode is stopped with the daemon, and cut when it does not close", async (t) => {
  const { clock, peer, end, connection, finished } = await scene(t);
  connection.beginSetup();
  assert.match(await peer.line(), /^OK TOGGLEDBITS-SOCKPROXY 1 a1$/);
  connection.stop("the proxy is stopping");
  assert.equal(await peer.rest(), "");
  assert.deepEqual([connection.isEndAnnounced, connection.isFinished], [true, false]);
  await until(() => {
    clock.advance(LAST_REPLY_MS);
    return end.gone;
  }, "it to be cut");
  await finished();
});

test("a client whose remote is being dialled is told that the daemon stops", async (t) => {
  const { peer, connection, request, finished } = await scene(t);
  let aborted = false;
  const abort = (): void => {
    aborted = true;
  };
  connection.connect(request, "direct", () => ({ kind: "socket", end: new Promise(() => {}), abort }));
  connection.stop("the proxy is stopping");
  assert.equal(await peer.rest(), "ERR CONN the proxy is stopping\n");
  assert.equal(aborted, true);
  peer.end();
  await finished();
});

test("a client without a remote reads why, then the end", async (t) => {
  const { peer, connection, request, finished, log } = await scene(t);
  connection.connect(request, "direct", () => ({
    ...{ kind: "socket", abort() {} },
    end: Promise.reject(new DialError("no route")),
  }));
  const reply = `ERR CONN 127.0.0.1:${request.target.port}: no route`;
  assert.equal(await peer.rest(), `${reply}\n`);
  assert.ok(log.lines.some((line) => line.includes(`closed: ${reply}; 0.0 s, 0 bytes from remote, 0 to remote`)));
  peer.end();
  await finished();
});

test("an owner of the client's socket is told the reason of the end, and may end it itself", async (t) => {
  const one = await scene(t);
  const reasons: string[] = [];
  one.connection.handOver(() => ({ close: (reason) => void reasons.push(reason) }));
  assert.equal(one.connection.phase, "linked");
  one.connection.stop("enough");
  assert.deepEqual(reasons, ["enough"]);
  const other = await scene(t);
  let over = (_reason: string): void => {};
  other.connection.handOver((_client, callback) => {
    over = callback;
    return { close: (reason) => void reasons.push(reason) };
  });
  over("link lost");
  assert.deepEqual([other.connection.phase, reasons], ["closing", ["enough", "link lost"]]);
});

test("an owner that has done with the socket at once leaves the connection closing", async (t) => {
  const { connection } = await scene(t);
  connection.handOver((_client, over) => {
    over("it is not what it should be");
    return { close() {} };
  });
  assert.equal(connection.phase, "closing");
});

test("an error of the program ends this connection, once, and is in the log with its id", async (t) => {
  const { connection, connect, finished, log, peer } = await scene(t);
  const remote = await connect();
  connection.fault(new TypeError("a fault on purpose"));
  connection.fault(new TypeError("another one"));
  await finished();
  await until(() => remote.closed || remote.ended, "the remote to be closed");
  await until(() => peer.closed || peer.ended, "the client, too");
  assert.equal(log.lines.filter((line) => line.includes("closed: fault in the program")).length, 1);
  assert.match(
    log.lines.find((line) => line.includes("on purpose")) ?? "",
    /^ERROR \[a1 .*TypeError: a fault on purpose/,
  );
});

test("the plugin learns of the end when the client has been sent everything", async (t) => {
  const luup = await new FakeLuup().start();
  t.after(() => luup.stop());
  const { clock, peer, connection, device, finished } = await scene(t, { vera: luup.url });
  connection.beginSetup();
  await peer.line();
  peer.write(`CONN 127.0.0.1:${device.port} NTFY=5/urn:x/Act\n`);
  assert.equal(await peer.line(), "OK CONN a1");
  const remote = await device.client();
  remote.write("data");
  await luup.received("a1", 1);
  remote.end();
  assert.equal(await peer.rest(), "data");
  await until(() => {
    clock.advance(100); // notifications keep their distance
    return luup.of("a1").length === 2;
  }, "the final notification");
  peer.end();
  await finished();
});

test("what the plugin has not been told when the client is gone is left to the final notifications", async (t) => {
  const luup = await new FakeLuup().start();
  t.after(() => luup.stop());
  luup.answer = () => {}; // the engine hangs
  const { services, peer, connection, device, finished } = await scene(t, { vera: luup.url });
  connection.beginSetup();
  await peer.line();
  peer.write(`CONN 127.0.0.1:${device.port} NTFY=5/urn:x/Act\n`);
  await peer.line();
  (await device.client()).write("data");
  await luup.received("a1", 1);
  peer.reset();
  await finished();
  assert.deepEqual(services.finalNotifications.status, { waiting: 1, givenUp: 0 });
});
