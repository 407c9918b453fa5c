import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { ConnectionLog } from "#src/connection/connection-log.js";
import { RelayPhase } from "#src/connection/relay-phase.js";
import { CONN_ENDS } from "#src/core/limits/end-rules.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import type { RelayEnding } from "#src/relay/relay.js";
import { NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import { acceptLocal } from "#src/sockets/local-end.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { FakeLuup } from "../support/luup.js";
import { servicesHere } from "../support/services.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const NOTIFY = { device: 5, service: "urn:x", action: "Act" };

/** A client and a remote, both real sockets, with a relay between them. */
async function phaseOf(t: TestContext, options: Partial<typeof DEFAULT_OPTIONS> = {}) {
  const luup = await new FakeLuup().start();
  t.after(() => luup.stop());
  const here = servicesHere(t, { vera: luup.url });
  const [client, remote] = [await socketEnd(t), await socketEnd(t)];
  const request = { target: { host: "device", port: 23 }, options: { ...DEFAULT_OPTIONS, ...options } };
  const events: string[] = [];
  let released = 0;
  const serverLease = {
    request,
    release: () => {
      released += 1;
    },
  };
  const owner = {
    clientFinished: () => void events.push("client finished"),
    relayEnded: ({ reason }: RelayEnding) => void events.push(reason),
    pluginNotified: () => void events.push("plugin notified"),
    clientParked: () => void events.push("parked"),
    remoteTaken: () => undefined,
    fault: (error: unknown) => assert.fail(String(error)),
  };
  const log = new ConnectionLog(here.generation.context, "a1", 2504, client.end);
  const reached = { end: remote.end, request, pid: "a1", serverLease };
  const phase = new RelayPhase(reached, client.end, LINE, CONN_ENDS, log, here.generation.context, owner);
  return { ...here, luup, phase, client: client.peer, remote: remote.peer, events, released: () => released };
}

const LINE = { port: 2504 };

/** A client of a Unix socket, accepted as the daemon does. */
async function localEnd(t: TestContext): Promise<StreamEnd> {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-local-`);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(`${folder}/socket`);
  await once(server, "listening");
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const peer = connect(`${folder}/socket`);
  const [accepted] = await accepting;
  const end = acceptLocal(accepted);
  t.after(() => {
    server.close();
    peer.destroy();
    end.destroy();
    rmSync(folder, { recursive: true });
  });
  return end;
}

test("early bytes reach the remote before those that the client sends later", async (t) => {
  const { phase, client, remote } = await phaseOf(t);
  client.write("later");
  phase.start({ bytes: Buffer.from("early, "), ended: false });
  assert.equal(await remote.take(12), "early, later");
});

test("a client that has ended early is told nothing; the remote reads the end behind the bytes", async (t) => {
  const { phase, remote } = await phaseOf(t);
  phase.start({ bytes: Buffer.from("all"), ended: true });
  assert.equal(await remote.rest(), "all");
});

test("the server of a connection is released when the connection closes", async (t) => {
  const { phase, released } = await phaseOf(t);
  phase.start(NO_EARLY_BYTES);
  assert.equal(released(), 0);
  phase.relay.close("enough");
  phase.close();
  assert.equal(released(), 1);
});

test("the plugin gets notifications of data, and the final one when it is sent", async (t) => {
  const { clock, phase, remote, client, luup, events } = await phaseOf(t, { notify: NOTIFY });
  phase.start(NO_EARLY_BYTES);
  assert.equal(phase.isPluginNotified, false);
  remote.write("data");
  await client.take(4);
  await luup.received("a1", 1);
  remote.end();
  await client.rest();
  await until(() => events.includes("client finished"), "FIN to be sent");
  phase.final("by remote");
  await until(() => {
    clock.advance(100); // notifications keep their distance
    return events.includes("plugin notified");
  }, "the final notification");
  assert.deepEqual([luup.of("a1").length, phase.isPluginNotified], [2, true]);
});

test("without NTFY there is no plugin to be notified", async (t) => {
  const { phase } = await phaseOf(t);
  assert.deepEqual([phase.isPluginNotified, phase.notifyStatus], [true, undefined]);
});

test("the kernel knows whether a client is there; of a Unix socket it does not know", async (t) => {
  const { clock, generation, phase, client } = await phaseOf(t);
  phase.start(NO_EARLY_BYTES);
  const ask = async (of: RelayPhase): Promise<string> => {
    const answer = of.clientState();
    const timer = setInterval(() => clock.advance(1000), 5);
    return answer.finally(() => clearInterval(timer));
  };
  assert.equal(await ask(phase), "present");
  client.end();
  await until(async () => (await ask(phase)) === "ended", "the kernel to see the client's FIN");
  const local = await localEnd(t);
  const log = new ConnectionLog(generation.context, "a2", 0, local);
  const remote = (await socketEnd(t)).end;
  const request = { target: { host: "device", port: 23 }, options: DEFAULT_OPTIONS };
  const owner = {
    clientFinished() {},
    relayEnded() {},
    pluginNotified() {},
    clientParked() {},
    remoteTaken: () => undefined,
    fault() {},
  };
  const reached = { end: remote, request, pid: "a2", serverLease: undefined };
  assert.equal(
    await new RelayPhase(reached, local, LINE, CONN_ENDS, log, generation.context, owner).clientState(),
    "present",
  );
});
