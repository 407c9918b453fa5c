// The daemon as tunnel device; the test scripts the server byte by byte.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { BlackHole } from "../../support/black-hole.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { type Client, Device } from "../../support/net.js";
import { descriptorsAtRest, faults } from "../../support/process.js";
import {
  CLOSE,
  CONNECT,
  connectPayload,
  DATA,
  type FramePeer,
  frame,
  MOST,
  ScriptedServer,
} from "../../support/tunnel.js";
import { processes, startDevice, type TunnelDevice } from "../../support/tunnels.js";
import { pause, until } from "../../support/wait.js";

const HOST = "127.0.0.1";
const BACK_WITHIN_MS = 5000;
const BUSY_MS = 1000; // extra time on a busy machine

interface Scene<D extends RunningDaemon = RunningDaemon> {
  readonly server: ScriptedServer;
  readonly link: FramePeer;
  readonly service: Device;
  readonly daemon: TunnelDevice<D>;
}

/** A server, a service, and a linked device that may dial the service. */
function scene(t: TestContext, ...allow: readonly string[]): Promise<Scene> {
  return sceneBy(startDevice, t, allow);
}

async function sceneBy<D extends RunningDaemon>(
  start: (t: TestContext, server: number, allow: readonly string[]) => Promise<TunnelDevice<D>>,
  t: TestContext,
  allow: readonly string[] = [],
): Promise<Scene<D>> {
  const [server, service] = [await ScriptedServer.open(), await Device.open()];
  t.after(() => {
    server.close();
    service.close();
  });
  const daemon = await start(t, server.port, [`${HOST}:${service.port}`, ...allow]);
  return { server, link: await server.link(), service, daemon };
}

/** Makes the device connect a client to the service; returns the service's side. */
async function dial({ link, service }: Scene, id: number): Promise<Client> {
  const index = service.clients.length;
  link.send(CONNECT, id, connectPayload(HOST, service.port));
  return service.client(index);
}

/** Waits until the device has read all so far. */
async function readSoFar(link: FramePeer, id: number, side: Client): Promise<void> {
  link.send(DATA, id, "!");
  assert.equal(await side.take(1), "!");
}

describe("the device's side", { concurrency: 4 }, () => {
  test("LISTEN goes out once, and bytes pass both ways", async (t) => {
    const all = await scene(t);
    const sides = [await dial(all, 0), await dial(all, 1), await dial(all, 255)];
    for (const [index, id] of [0, 1, 255].entries()) {
      all.link.send(DATA, id, `question ${index}`);
      assert.equal(await sides[index]?.take(10), `question ${index}`);
      sides[index]?.write(`answer ${index}`);
      assert.equal(await all.link.data(id, 8), `answer ${index}`);
    }
    assert.equal(all.link.client.bytes.length, 0, "no second LISTEN");
  });

  test("DATA that comes before the service has answered is kept for it", async (t) => {
    const all = await scene(t);
    all.link.write(
      Buffer.concat([
        frame(CONNECT, 3, connectPayload(HOST, all.service.port)),
        frame(DATA, 3, "early "),
        frame(DATA, 3, "bird"),
      ]),
    );
    assert.equal(await (await all.service.client()).take(10), "early bird");
  });

  test("closed at client request: the service has all of the DATA before its end", async (t) => {
    const all = await scene(t);
    const side = await dial(all, 0);
    const text = "x".repeat(50_000);
    for (let count = 0; count < 10; count += 1) all.link.send(DATA, 0, text);
    all.link.send(CLOSE, 0);
    assert.equal(await side.rest(), text.repeat(10));
    side.end();
    await until(() => side.closed, "the service's side to be closed");
    const again = await dial(all, 0);
    await readSoFar(all.link, 0, again);
  });

  test("another server may reuse an id at once: a CLOSE that confirms its CLOSE would end the next client", async (t) => {
    const all = await scene(t);
    const side = await dial(all, 0);
    all.link.write(Buffer.concat([frame(CLOSE, 0), frame(CONNECT, 0, connectPayload(HOST, all.service.port))]));
    const next = await all.service.client(1);
    await until(() => side.ended, "the first one's end");
    next.write("welcome");
    const { command, id } = await all.link.frame();
    assert.deepEqual({ command, id }, { command: DATA, id: 0 });
  });

  test("closed at service request: CLOSE after all of its DATA", async (t) => {
    const all = await scene(t);
    const side = await dial(all, 9);
    side.write("y".repeat(300_000));
    side.end();
    assert.equal(await all.link.data(9, 300_000), "y".repeat(300_000));
    const { command, id } = await all.link.frame();
    assert.deepEqual({ command, id }, { command: CLOSE, id: 9 });
    const other = await dial(all, 10);
    other.reset();
    await all.link.closes(10, 3000);
  });

  test("closed with the link: every service, and the device comes back", async (t) => {
    const all = await sceneBy(processes.startDevice, t);
    const before = await descriptorsAtRest(all.daemon.daemon);
    let { link } = all;
    for (const end of ["end", "reset"] as const) {
      const sides = [await dial({ ...all, link }, 0), await dial({ ...all, link }, 1)];
      link.client[end]();
      const since = performance.now();
      await until(() => sides.every((side) => side.closed || side.ended), "all services closed", 10_000);
      link = await all.server.link(BACK_WITHIN_MS + BUSY_MS);
      assert.ok(performance.now() - since < BACK_WITHIN_MS + BUSY_MS);
      for (const side of sides) side.destroy();
    }
    await until(async () => (await descriptorsAtRest(all.daemon.daemon)) <= before, "the descriptors to be closed");
  });

  test("a server that comes late, or back after a while, has its device within five seconds", async (t) => {
    const port = await freePort();
    const daemon = await startDevice(t, port, []);
    assert.equal((await daemon.status()).connected, false);
    for (const gone of [4000, 1500]) {
      await pause(gone);
      const server = await ScriptedServer.open(port);
      const link = await server.link(BACK_WITHIN_MS + BUSY_MS);
      assert.equal((await daemon.status()).connected, true);
      server.close();
      await link.ended();
      await until(async () => !(await daemon.status()).connected, "the link to be gone in STAT");
    }
    assert.deepEqual(faults(daemon.daemon.log()), []);
  });

  test("only what is allowed is dialled", async (t) => {
    const all = await scene(t, "127.8.0.0/16:8123");
    const forbidden = await Device.open();
    const [near, far] = [await Device.open("127.8.9.1", 8123), await Device.open("127.9.9.1", 8123)];
    t.after(() => {
      for (const each of [forbidden, near, far]) each.close();
    });
    const wanted = [
      [HOST, forbidden.port],
      ["127.9.9.1", 8123],
      ["127.8.9.1", 8124],
      ["localhost", all.service.port],
      ["0.0.0.0", all.service.port],
    ] as const;
    for (const [index, [address, port]] of wanted.entries()) {
      all.link.send(CONNECT, index, connectPayload(address, port));
      await all.link.closes(index, 3000);
    }
    assert.deepEqual(
      [forbidden, far, all.service].map((each) => each.clients.length),
      [0, 0, 0],
    );
    all.link.send(CONNECT, 0, connectPayload("127.8.9.1", 8123));
    await readSoFar(all.link, 0, await near.client());
    assert.match(all.daemon.daemon.log(), new RegExp(`${forbidden.port}`));
  });

  test("repeated requests for forbidden services do not fill the log", async (t) => {
    const all = await scene(t);
    const side = await dial(all, 0);
    for (let port = 1; port <= 500; port += 1) all.link.send(CONNECT, 9, connectPayload("10.9.9.9", port));
    await readSoFar(all.link, 0, side);
    const told = (): number => all.daemon.daemon.log().match(/not among the services allowed/g)?.length ?? 0;
    await until(() => told() > 0, "the log line");
    assert.equal(told(), 1);
    assert.equal((await all.daemon.status()).refused, 500);
  });

  test("nothing is allowed by default", async (t) => {
    const [server, service] = [await ScriptedServer.open(), await Device.open()];
    t.after(() => {
      server.close();
      service.close();
    });
    await startDevice(t, server.port);
    const link = await server.link();
    link.send(CONNECT, 0, connectPayload(HOST, service.port));
    await link.closes(0, 3000);
    assert.equal(service.clients.length, 0);
  });

  test("a service that refuses is answered with CLOSE", async (t) => {
    const refusing = await freePort();
    const all = await scene(t, `${HOST}:${refusing}`);
    const side = await dial(all, 1);
    all.link.send(CONNECT, 0, connectPayload(HOST, refusing));
    all.link.send(DATA, 0, "anybody?");
    await all.link.closes(0, 3000);
    await readSoFar(all.link, 1, side);
  });

  test("a service that does not answer delays no other client", async (t) => {
    const hole = await BlackHole.open(t);
    await hole.close();
    const all = await scene(t, `${HOST}:${hole.port}`);
    for (const id of [10, 11, 12]) {
      all.link.send(CONNECT, id, connectPayload(HOST, hole.port));
      all.link.send(DATA, id, "hello?");
    }
    const since = performance.now();
    const side = await dial(all, 0);
    await readSoFar(all.link, 0, side);
    side.write("here");
    assert.equal(await all.link.data(0, 4), "here");
    all.link.send(CLOSE, 10);
    await readSoFar(all.link, 0, side);
    assert.ok(performance.now() - since < BUSY_MS, `${performance.now() - since} ms`);
    const { link } = await all.daemon.status();
    assert.equal(link?.clients, 3, "the one given up is gone");
  });

  test("frames cut at every byte, and many in one packet", async (t) => {
    const all = await scene(t);
    const opening = Buffer.concat([frame(200, 1, "what?"), frame(CONNECT, 7, connectPayload(HOST, all.service.port))]);
    await all.link.dribble(opening);
    const side = await all.service.client();
    const stream = Buffer.concat([
      frame(0, 0),
      frame(DATA, 7, "one,"),
      frame(DATA, 7),
      frame(4, 0, "LISTEN is not for devices"),
      frame(CLOSE, 8, "surplus"),
      frame(DATA, 9, "before its CONNECT"),
      frame(DATA, 7, "two;"),
    ]);
    await all.link.dribble(stream);
    assert.equal(await side.take(8), "one,two;");
    for (let cut = 0; cut <= stream.length; cut += 1) {
      all.link.write(stream.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      all.link.write(stream.subarray(cut));
      assert.equal(await side.take(8), "one,two;", `cut at ${cut}`);
    }
    all.link.write(Buffer.concat(Array.from({ length: 500 }, () => stream)));
    assert.equal(await side.take(4000), "one,two;".repeat(500));
    assert.equal(side.bytes.length, 0);
  });

  test("a malformed CONNECT opens nothing, and the framing stays in step", async (t) => {
    const all = await scene(t);
    const side = await dial(all, 0);
    const right = connectPayload(HOST, all.service.port);
    const wrong = [
      Buffer.alloc(0),
      Buffer.alloc(1),
      Buffer.from([0xff, 0xff]),
      right.subarray(0, -1),
      Buffer.alloc(900),
    ];
    for (const payload of wrong) all.link.send(CONNECT, 5, payload);
    await readSoFar(all.link, 0, side);
    assert.equal(all.service.clients.length, 1);
    await readSoFar(all.link, 5, await dial(all, 5));
    assert.deepEqual(faults(all.daemon.daemon.log()), []);
  });

  test("DATA of any size: 65,535 bytes, and none", async (t) => {
    const all = await scene(t);
    const side = await dial(all, 0);
    const most = "abcdefg".repeat(9363).slice(0, MOST);
    for (const text of ["", most, "", most]) all.link.send(DATA, 0, text);
    assert.equal(await side.take(2 * MOST), most + most);
    side.write(most + most + most);
    assert.equal(await all.link.data(0, 3 * MOST), most + most + most);
  });

  test("a service that never reads is closed after a while; the others go on", async (t) => {
    const all = await scene(t);
    const [stalled, other] = [await dial(all, 0), await dial(all, 1)];
    stalled.socket.pause();
    const piece = Buffer.alloc(MOST, "x");
    for (let sent = 0; sent < 40_000_000; sent += MOST) all.link.send(DATA, 0, piece);
    all.link.send(DATA, 1, "still here");
    assert.equal(await other.take(10), "still here");
    await all.link.closes(0, 3000);
    other.write("me too");
    assert.equal(await all.link.data(1, 6), "me too");
    stalled.destroy();
  });

  test("STAT JSON shows the link", async (t) => {
    const all = await scene(t);
    await readSoFar(all.link, 0, await dial(all, 0));
    const { connected, link } = await all.daemon.status();
    assert.equal(connected, true);
    assert.equal(link?.clients, 1);
    assert.ok((link?.ageMs ?? -1) >= 0 && (link?.received ?? 0) >= 1, JSON.stringify(link));
  });
});
