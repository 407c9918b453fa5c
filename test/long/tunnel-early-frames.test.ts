// A tunnel device that gets frames for a client before its service has answered.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { DaemonProcess } from "../support/daemon.js";
import { Device } from "../support/net.js";
import { descriptorsAtRest } from "../support/process.js";
import { CLOSE, CONNECT, connectPayload, DATA, type FramePeer, frame, ScriptedServer } from "../support/tunnel.js";
import { processes, type TunnelDevice } from "../support/tunnels.js";
import { until } from "../support/wait.js";

const HOST = "127.0.0.1";
const SOON_MS = 10_000;
const GRACE_MS = 15_000; // for the rest of an answer

interface Scene {
  readonly server: ScriptedServer;
  readonly link: FramePeer;
  readonly service: Device;
  readonly daemon: TunnelDevice<DaemonProcess>;
  /** A frame that asks for the service. */
  connect(id: number): Buffer;
}

async function scene(t: TestContext): Promise<Scene> {
  const [server, service] = [await ScriptedServer.open(), await Device.open()];
  t.after(() => {
    server.close();
    service.close();
  });
  const daemon = await processes.startDevice(t, server.port, [`${HOST}:${service.port}`]);
  const link = await server.link();
  return {
    server,
    link,
    service,
    daemon,
    connect: (id) => frame(CONNECT, id, connectPayload(HOST, service.port)),
  };
}

/** Waits until the device has told nothing less than that a client is there: one whose service is there, too. */
async function another({ link, service, connect }: Scene, id: number): Promise<void> {
  link.write(Buffer.concat([connect(id), frame(DATA, id, "witness")]));
  await until(() => service.clients.some(({ bytes }) => bytes.toString() === "witness"), "the next client");
}

/** Waits until none but that one is connected to the service. */
async function closesOthers({ service }: Scene): Promise<void> {
  const others = () => service.clients.filter(({ bytes }) => bytes.toString() !== "witness");
  await until(() => others().every(({ ended, closed }) => ended || closed), "the others to be closed", SOON_MS);
}

describe("before the service has answered", { concurrency: 4 }, () => {
  test("CLOSE right behind CONNECT: the service is closed", async (t) => {
    const all = await scene(t);
    all.link.write(Buffer.concat([all.connect(1), frame(CLOSE, 1)]));
    await another(all, 0);
    await closesOthers(all);
  });

  test("DATA and CLOSE right behind CONNECT: the service gets all bytes and is closed", async (t) => {
    const all = await scene(t);
    all.link.write(Buffer.concat([all.connect(1), frame(DATA, 1, "last "), frame(DATA, 1, "words"), frame(CLOSE, 1)]));
    await another(all, 0);
    await closesOthers(all);
    assert.ok(all.service.clients.some(({ bytes }) => bytes.toString() === "last words"));
  });

  test("a second CONNECT for the same id: the service of the first one is closed", async (t) => {
    const all = await scene(t);
    all.link.write(Buffer.concat([all.connect(1), frame(DATA, 1, "first"), all.connect(1), frame(DATA, 1, "second")]));
    await until(() => all.service.clients.some(({ bytes }) => bytes.toString() === "second"), "the second");
    const first = () => all.service.clients.filter(({ bytes }) => bytes.toString() !== "second");
    await until(() => first().every(({ ended, closed }) => ended || closed), "the first to be closed", SOON_MS);
  });

  test("a half-open service is closed in the end, at the latest with the link", async (t) => {
    const all = await scene(t);
    const before = await descriptorsAtRest(all.daemon.daemon);
    all.link.write(all.connect(1));
    const side = await all.service.client();
    all.link.write(frame(CLOSE, 1));
    await until(() => side.ended, "the service to be told");
    all.link.client.reset();
    await all.server.link();
    await until(async () => (await descriptorsAtRest(all.daemon.daemon)) <= before, "nothing to be left", GRACE_MS);
  });

  for (const [how, frames] of [
    ["", []],
    [", DATA", [frame(DATA, 1, "x")]],
    [", CLOSE", [frame(CLOSE, 1)]],
    [", DATA, CLOSE", [frame(DATA, 1, "x"), frame(CLOSE, 1)]],
  ] as const) {
    test(`CONNECT${how}, and the link is lost: nothing is left of it`, async (t) => {
      const all = await scene(t);
      const before = await descriptorsAtRest(all.daemon.daemon);
      all.link.write(Buffer.concat([all.connect(1), ...frames]));
      if (how === "") all.link.client.end();
      else setImmediate(() => all.link.client.reset());
      await all.server.link();
      await until(async () => (await descriptorsAtRest(all.daemon.daemon)) <= before, "nothing to be left", GRACE_MS);
    });
  }
});
