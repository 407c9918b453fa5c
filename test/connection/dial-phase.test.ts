import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ReplyMode } from "#src/accept/listener.js";
import { ConnectionLog } from "#src/connection/connection-log.js";
import { DialPhase, type ReachedRemote } from "#src/connection/dial-phase.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import type { ConnRequest } from "#src/core/options/conn-request.js";
import { attachedDial, type Dial, dial } from "#src/dial/dial.js";
import { DialError } from "#src/dial/dial-error.js";
import { type EarlyBytes, NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import type { End } from "#src/sockets/end.js";
import { FakeEnd } from "../support/fake-end.js";
import { Device } from "../support/net.js";
import { from } from "../support/origin.js";
import { servicesHere } from "../support/services.js";
import { socketEnd } from "../support/socket-end.js";
import { pause, quietFor, until } from "../support/wait.js";

/** A dial whose outcome the test decides. */
class PendingDial implements Dial {
  readonly kind = "socket";
  readonly end: Promise<End>;
  serverLease: Dial["serverLease"];
  aborted = false;
  isLast = false;
  succeed: (end: End) => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor() {
    this.end = new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
    });
  }

  endRetries(): void {
    this.isLast = true;
  }

  abort(): void {
    this.aborted = true;
    this.fail(new DialError("given up"));
  }
}

const REQUEST: ConnRequest = { target: { host: "device", port: 23 }, options: DEFAULT_OPTIONS };

interface Task {
  readonly replyMode?: ReplyMode;
  readonly early?: EarlyBytes;
  readonly request?: ConnRequest;
  /** In place of a dial whose outcome the test decides. */
  readonly startDial?: () => Dial;
}

/** A client that waits for its remote. */
async function phaseOf(
  t: TestContext,
  { replyMode = "setup", early = NO_EARLY_BYTES, request = REQUEST, startDial }: Task = {},
) {
  const here = servicesHere(t);
  const { end: client, peer } = await socketEnd(t);
  const pending = new PendingDial();
  const reached: { readonly remote: ReachedRemote; readonly early: EarlyBytes }[] = [];
  const events: string[] = [];
  const owner = {
    id: "a1",
    connected: (remote: ReachedRemote, bytes: EarlyBytes) => void reached.push({ remote, early: bytes }),
    refused: (reply: string) => void events.push(`refused: ${reply}`),
    clientLeft: (reason: string) => void events.push(`left: ${reason}`),
    fault: (error: unknown) => void events.push(`fault: ${error}`),
  };
  const log = new ConnectionLog(here.generation.context, "a1", 2504, client);
  log.release(); // its client has said something
  const phase = new DialPhase(
    { request, replyMode, early, startDial: startDial ?? (() => pending) },
    client,
    here.clock,
    log,
    owner,
  );
  return { ...here, client, peer, pending, phase, reached, events };
}

test("in setup mode the client reads OK CONN and its pid once the remote is connected", async (t) => {
  const device = await Device.open();
  t.after(() => device.close());
  const request = { target: { host: "127.0.0.1", port: device.port }, options: DEFAULT_OPTIONS };
  const { context } = servicesHere(t).generation;
  const { peer, log, reached } = await phaseOf(t, {
    request,
    startDial: () => dial(request, from("127.0.0.1"), context),
  });
  assert.equal(await peer.line(), "OK CONN a1");
  assert.deepEqual([reached.length, reached[0]?.remote.end.peerPort], [1, device.port]);
  assert.match(
    log.lines.join(),
    new RegExp(`> 127\\.0\\.0\\.1:${device.port}\\] connected to 127\\.0\\.0\\.1:${device.port} after`),
  );
  reached[0]?.remote.end.destroy();
});

test("a pid of the plugin's own takes the place of the connection's id", async (t) => {
  const notify = { device: 5, service: "urn:x", action: "Act", pid: "plugin-7" };
  const request = { ...REQUEST, options: { ...DEFAULT_OPTIONS, notify } };
  const { peer, pending, reached } = await phaseOf(t, { request });
  pending.succeed(new FakeEnd());
  assert.equal(await peer.line(), "OK CONN plugin-7");
  assert.equal(reached[0]?.remote.pid, "plugin-7");
});

for (const replyMode of ["direct", "reset"] as const) {
  test(`in reply mode ${replyMode} the client is told nothing of a connected remote`, async (t) => {
    const { peer, pending, reached, log } = await phaseOf(t, {
      replyMode,
      startDial: () => attachedDial(new FakeEnd()),
    });
    await until(() => reached.length === 1, "the remote");
    await quietFor(20);
    assert.equal(peer.bytes.length, 0);
    assert.deepEqual(
      [pending.aborted, log.lines],
      [false, []],
      "a channel opens no connection that the log would show",
    );
  });
}

for (const [replyMode, reply] of [
  ["setup", "ERR CONN device:23: connection refused\n"],
  ["direct", "ERR CONN device:23: connection refused\n"],
  ["reset", ""],
] as const) {
  test(`in reply mode ${replyMode} a failure ${reply === "" ? "resets the client" : "is a line for the client"}`, async (t) => {
    const { client, peer, pending, events } = await phaseOf(t, { replyMode });
    pending.fail(new DialError("connection refused"));
    await until(() => events.length > 0, "the failure");
    assert.equal(events[0], "refused: ERR CONN device:23: connection refused");
    client.end();
    if (reply === "") await until(() => peer.error?.code === "ECONNRESET", "the reset");
    else assert.equal(await peer.rest(), reply);
  });
}

test("what the client sends meanwhile is kept behind what came with the request", async (t) => {
  const early = { bytes: Buffer.from("one "), ended: false };
  const { client, peer, pending, reached } = await phaseOf(t, { early });
  peer.write("two");
  peer.end();
  await until(() => client.bytesReceived === 3, "the bytes");
  await pause(20); // for the FIN behind them
  pending.succeed(new FakeEnd());
  await until(() => reached.length === 1, "the remote");
  assert.deepEqual([reached[0]?.early.bytes.toString(), reached[0]?.early.ended], ["one two", true]);
});

test("a client that sends FIN and no byte waits for no further attempt; one that has sent something does", async (t) => {
  const { peer, pending, events } = await phaseOf(t);
  peer.end();
  await until(() => pending.isLast, "the end of the attempts");
  assert.deepEqual(events, []);
  const early = { bytes: Buffer.alloc(0), ended: true };
  assert.equal((await phaseOf(t, { early })).pending.isLast, true);
  const asker = await phaseOf(t, { early: { bytes: Buffer.from("GET"), ended: false } });
  asker.peer.end();
  await until(() => asker.client.hasEnded, "the FIN");
  assert.equal(asker.pending.isLast, false);
});

test("a client that resets its connection has left", async (t) => {
  const { peer, events } = await phaseOf(t);
  peer.reset();
  await until(() => events.length > 0, "its end");
  assert.match(events[0] ?? "", /^left: reset by client/);
});

test("a remote that comes too late is let go, and so is its server", async (t) => {
  const released: string[] = [];
  const { pending, phase, reached, events, peer } = await phaseOf(t);
  pending.abort = () => {}; // too late to abort
  pending.serverLease = { request: REQUEST, release: () => released.push("released") };
  phase.close();
  const remote = new FakeEnd();
  pending.succeed(remote);
  await until(() => remote.gone, "the remote to be closed");
  assert.deepEqual([reached, events, released, peer.bytes.length], [[], [], ["released"], 0]);
});

test("closing aborts the dial, and nobody is told", async (t) => {
  const { pending, phase, events } = await phaseOf(t);
  phase.close();
  assert.equal(pending.aborted, true);
  await assert.rejects(pending.end);
  assert.deepEqual(events, []);
});

test("of several servers the one that was reached is the connection's remote", async (t) => {
  const { log, pending, reached } = await phaseOf(t);
  const request = { ...REQUEST, target: { host: "backup", port: 24 } };
  pending.serverLease = { request, release() {} };
  pending.succeed(new FakeEnd());
  await until(() => reached.length === 1, "the remote");
  assert.equal(reached[0]?.remote.request, request);
  assert.match(log.lines.join(), /> backup:24\] connected to 127\.0\.0\.1:10001 after 0 ms/);
});

test("an error of the program is no failure of the remote", async (t) => {
  const { pending, events } = await phaseOf(t);
  pending.fail(new TypeError("a fault on purpose"));
  await until(() => events.length > 0, "the fault");
  assert.deepEqual(events, ["fault: TypeError: a fault on purpose"]);
});
