// The daemon as tunnel device; the test scripts a server with resume= byte by byte.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type Client, Device } from "../../support/net.js";
import { faults } from "../../support/process.js";
import {
  BYE,
  CONNECT,
  connectPayload,
  DATA,
  FramePeer,
  frame,
  HELLO,
  LISTEN,
  PONG,
  ScriptedServer,
  SESSION,
  sessionOf,
  sessionPayload,
} from "../../support/tunnel.js";
import { startDevice, type TunnelDevice } from "../../support/tunnels.js";
import { until } from "../../support/wait.js";

const HOST = "127.0.0.1";
const ID = Buffer.alloc(16, "session!");

interface Scene {
  readonly server: ScriptedServer;
  readonly link: FramePeer;
  readonly service: Device;
  /** The service's side of client 0. */
  readonly side: Client;
  readonly daemon: TunnelDevice;
  /** What the server has sent of the stream. */
  readonly sent: Buffer;
}

/** A device with a session, and a client that has got its first byte. What the device sends from now on counts. */
async function scene(t: TestContext, resumeMs = 20_000): Promise<Scene> {
  const [server, service] = [await ScriptedServer.open(), await Device.open()];
  t.after(() => {
    server.close();
    service.close();
  });
  const daemon = await startDevice(t, server.port, [`${HOST}:${service.port}`]);
  const link = await server.link();
  link.send(PONG, 0);
  assert.match((await link.expect(HELLO, 0)).toString(), /\bsession\b/);
  link.send(SESSION, 0, sessionPayload(ID, 0, resumeMs));
  assert.deepEqual(sessionOf(await link.expect(SESSION, 0)), { id: ID, received: 0, ms: resumeMs });
  const sent = Buffer.concat([frame(CONNECT, 0, connectPayload(HOST, service.port)), frame(DATA, 0, "!")]);
  link.write(sent);
  const side = await service.client();
  assert.equal(await side.take(1), "!");
  return { server, link, service, side, daemon, sent };
}

/** The next connection of the device, as it is. */
async function connection({ server }: Pick<Scene, "server">, index: number): Promise<FramePeer> {
  await until(() => server.count > index, `connection ${index} of the device`);
  return new FramePeer(await server.device.client(index));
}

/** Waits until the service's side has ended, and fails after 3 s: nobody waits for the end of the time. */
async function endsAtOnce({ side }: Scene): Promise<void> {
  await until(() => side.closed || side.ended, "the service to be told", 10_000);
}

describe("sessions on the device", { concurrency: 4 }, () => {
  test("it connects anew, says SESSION first, and goes on at the byte; the services see nothing of it", async (t) => {
    const all = await scene(t);
    const { link, side, daemon, sent } = all;
    side.write("answer");
    const [answer] = [await link.expect(DATA, 0)];
    assert.equal(answer.toString(), "answer");
    link.client.reset();
    const doomed = await connection(all, 1);
    assert.equal(sessionOf(await doomed.expect(SESSION, 0)).received, sent.length);
    doomed.client.end(); // in the middle of the greeting
    side.write(" and more");
    const next = await connection(all, 2);
    const { id, received } = sessionOf(await next.expect(SESSION, 0));
    assert.deepEqual([id, received], [ID, sent.length]);
    const heard = 4 + 2; // the header of the answer, and two of its bytes
    next.write(Buffer.concat([frame(SESSION, 0, sessionPayload(ID, heard, 0)), frame(DATA, 0, "early")]));
    assert.equal(await side.take(5), "early", "bytes right behind SESSION");
    assert.equal(await next.client.take(4), "swer");
    assert.equal((await next.expect(DATA, 0)).toString(), " and more");
    const status = await daemon.status();
    assert.deepEqual([status.connected, status.resumed, status.link?.clients], [true, 1, 1]);
    const log = daemon.daemon.log();
    assert.match(log, /link lost: .*; 1 client waits up to 20 s; the device tries again/);
    assert.match(log, /link resumed after [\d.]+ s, 1 client goes on/);
    assert.deepEqual(faults(log), []);
  });

  test("a server that knows nothing of the session: everybody is closed at once, and the connection is a new link", async (t) => {
    for (const answer of [frame(SESSION, 0), frame(SESSION, 0, sessionPayload(Buffer.alloc(16, 1), 0, 9000))]) {
      const all = await scene(t);
      all.link.client.end();
      const next = await connection(all, 1);
      await next.expect(SESSION, 0);
      next.write(answer);
      await endsAtOnce(all);
      await next.expect(LISTEN, 0);
      next.send(CONNECT, 7, connectPayload(HOST, all.service.port));
      next.send(DATA, 7, "hello");
      assert.equal(await (await all.service.client(1)).take(5), "hello");
      assert.match(all.daemon.daemon.log(), /link lost: the server knows nothing of its session/);
    }
  });

  test("when the time is over everybody is closed, and the device comes back without a session", async (t) => {
    const all = await scene(t, 300);
    const { server, daemon } = all;
    const { port } = server;
    server.close();
    assert.equal((await daemon.status()).connected, false);
    assert.equal((await daemon.status()).link?.resuming, true);
    assert.ok((await daemon.status()).absentMs !== undefined);
    await endsAtOnce(all);
    await until(async () => (await daemon.status()).link === undefined, "the link to be over");
    assert.match(daemon.daemon.log(), /no other connection within 0.3 s/);
    const again = await ScriptedServer.open(port);
    t.after(() => again.close());
    await again.link();
  });

  test("BYE of the server is the end at once, and the device comes back soon", async (t) => {
    const all = await scene(t);
    all.link.send(BYE, 0, "\x03the proxy is stopping");
    all.link.client.end();
    await endsAtOnce(all);
    await (await connection(all, 1)).expect(LISTEN, 0, 2000);
    assert.match(all.daemon.daemon.log(), /link lost: the server has ended the link: the proxy is stopping/);
  });

  test("BYE in place of an answer to SESSION: the secret has been changed meanwhile", async (t) => {
    const all = await scene(t);
    all.link.client.end();
    const next = await connection(all, 1);
    await next.expect(SESSION, 0);
    next.send(BYE, 0, "\x02no such secret");
    next.client.end();
    await endsAtOnce(all);
    const { connected, link } = await all.daemon.status();
    assert.deepEqual([connected, link], [false, undefined]);
    assert.match(all.daemon.daemon.log(), /refused: secret \(no such secret\); the device tries again, first in \d s/);
  });

  test("a device that stops says BYE: the server does not wait for it", async (t) => {
    const { link, daemon } = await scene(t);
    const stopped = daemon.daemon.stop();
    assert.equal((await link.expect(BYE, 0)).toString(), "\x03the proxy is stopping");
    await link.ended();
    link.client.destroy();
    await stopped;
  });
});
