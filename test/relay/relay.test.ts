import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { CONN_ENDS, LINE_ENDS } from "#src/core/limits/end-rules.js";
import { NO_BACKLOG } from "#src/core/limits/idle-deadlines.js";
import { Relay, type RelayOwner } from "#src/relay/relay.js";
import { NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import { systemClock } from "#src/system/clock.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const RULES = { blockSize: 0, receiveTimeoutMs: 0, quietMs: 0 };

/** A relay between two real connections to the test, and the calls of its owner. */
async function scene(t: TestContext, { early = NO_EARLY_BYTES, rules = RULES, ends = CONN_ENDS } = {}) {
  const [{ end: client, peer: plugin }, { end: remote, peer: device }] = [await socketEnd(t), await socketEnd(t)];
  const told: string[] = [];
  const counts = { toClient: 0, toRemote: 0 };
  const owner: RelayOwner = {
    writtenToClient: (bytes) => {
      counts.toClient += bytes;
    },
    writtenToRemote: (bytes) => {
      counts.toRemote += bytes;
    },
    clientDrained: () => told.push("client drained"),
    remoteEnded: () => told.push("remote ended"),
    clientFinished: () => told.push("client finished"),
    relayEnded: ({ reason, toClient }) => told.push(`ended: ${reason}${toClient === "reset" ? ", reset" : ""}`),
    resetRemote: () => told.push("remote to be reset"),
    clientState: async () => "present",
    backlogOf: async () => NO_BACKLOG,
    fault: (error) => assert.fail(String(error)),
  };
  const relay = new Relay(client, remote, rules, ends, systemClock, owner);
  relay.start(early);
  return { relay, plugin, device, client, remote, told, counts };
}

test("bytes pass both ways unchanged, and are counted", async (t) => {
  const { relay, plugin, device, counts } = await scene(t);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  plugin.write(bytes);
  assert.equal(await device.take(256), bytes.toString("latin1"));
  device.write("answer");
  assert.equal(await plugin.take(6), "answer");
  assert.deepEqual([relay.sentBytes, relay.receivedBytes, counts], [256, 6, { toClient: 6, toRemote: 256 }]);
});

test("early data of the client comes first, with its FIN behind it", async (t) => {
  const { plugin, device } = await scene(t, { early: { bytes: Buffer.from("early "), ended: true } });
  assert.equal(await device.rest(), "early ");
  device.write("still open this way");
  assert.equal(await plugin.take(19), "still open this way");
});

describe("closing", () => {
  test("a client's FIN reaches the remote, whose answer and FIN still reach the client", async (t) => {
    const { plugin, device, told } = await scene(t);
    plugin.write("question");
    plugin.end();
    assert.equal(await device.rest(), "question");
    device.write("answer");
    device.end();
    assert.equal(await plugin.rest(), "answer");
    await until(() => told.length === 3, "the end");
    assert.deepEqual(told, ["remote ended", "client finished", "ended: by client"]);
  });

  test("a remote's FIN reaches the client behind everything, and the client may still write", async (t) => {
    const { plugin, device, told } = await scene(t);
    device.write("last words");
    device.end();
    assert.equal(await plugin.rest(), "last words");
    assert.deepEqual(told, ["remote ended", "client finished"]);
    plugin.write("reply");
    assert.equal(await device.take(5), "reply");
    plugin.end();
    await until(() => told.length === 3, "the end");
    assert.equal(told[2], "ended: by remote");
  });

  test("a remote that resets: the client gets the received bytes, then FIN", async (t) => {
    const { plugin, device, told } = await scene(t);
    device.write("half a");
    assert.equal(await plugin.take(6), "half a");
    device.reset();
    assert.equal(await plugin.rest(), "");
    assert.equal(plugin.error, undefined);
    assert.match(told.join("; "), /^ended: reset by remote \(.*ECONNRESET\); client finished$/);
  });

  test("a client that resets: the remote gets a FIN", async (t) => {
    const { plugin, device, told } = await scene(t);
    plugin.write("x");
    await device.take(1);
    plugin.reset();
    await device.rest();
    assert.equal(device.error, undefined);
    assert.match(told[0] ?? "", /^ended: reset by client \(.*ECONNRESET\)$/);
  });

  test("a client that the daemon destroys, as it does with dead peers: the remote is closed", async (t) => {
    const { device, client, told } = await scene(t);
    client.destroy();
    await device.rest();
    assert.equal(told[0], "ended: by client");
  });

  test("closed from outside: the client gets FIN, the remote is closed", async (t) => {
    const { relay, plugin, device, told } = await scene(t);
    relay.close("the daemon stops");
    assert.deepEqual(await Promise.all([plugin.rest(), device.rest()]), ["", ""]);
    assert.deepEqual(told, ["ended: the daemon stops", "client finished"]);
  });

  test("a remote that has not read everything is reset: a part must not look like the whole", async (t) => {
    const { relay, plugin, device, remote } = await scene(t);
    const reset = t.mock.method(remote, "reset"); // what the device sees of it depends on what its kernel does with unread bytes
    device.socket.pause();
    plugin.write(Buffer.alloc(16 * 1024 * 1024)); // more than the buffers on the way hold
    await until(() => relay.remote.unsent > 0, "the remote to be stalled");
    relay.close("over");
    assert.equal(reset.mock.callCount(), 1);
    assert.equal(remote.gone, true);
  });
});

describe("on a line, where a reset is passed on", () => {
  const ends = LINE_ENDS;

  test("a remote that resets: the client gets what came before, no FIN, and is to be reset", async (t) => {
    const { plugin, device, told } = await scene(t, { ends });
    device.write("half a");
    device.reset();
    assert.equal(await plugin.take(6), "half a");
    await until(() => told.length > 0, "the end");
    assert.match(told.join("; "), /^ended: reset by remote \(.*ECONNRESET\), reset$/);
    assert.equal(plugin.ended, false);
  });

  test("a client that resets: the remote is to be reset behind what came before", async (t) => {
    const { plugin, device, told } = await scene(t, { ends });
    plugin.write("half a");
    plugin.reset();
    await until(() => told.length === 2, "the end");
    assert.equal(told[0], "remote to be reset");
    assert.match(told[1] ?? "", /^ended: reset by client \(.*ECONNRESET\)$/);
    assert.equal(device.ended, false);
  });

  test("a side that resets behind its FIN: the log has both", async (t) => {
    const { plugin, device, told } = await scene(t, { ends });
    device.end();
    assert.equal(await plugin.rest(), "");
    device.reset();
    plugin.write("x");
    await until(() => told.some((line) => line.startsWith("ended")), "the end");
    assert.match(told.at(-1) ?? "", /^ended: by remote, then reset by remote \(.*\), reset$/);
  });

  test("closed from outside: both are reset, unless the other side has sent its FIN", async (t) => {
    const cut = await scene(t, { ends });
    cut.relay.close("the daemon stops");
    await until(() => cut.device.closed, "the reset");
    assert.deepEqual([cut.device.error?.code, cut.told], ["ECONNRESET", ["ended: the daemon stops, reset"]]);
    const whole = await scene(t, { ends });
    whole.device.end();
    assert.equal(await whole.plugin.rest(), "");
    whole.relay.close("the daemon stops");
    assert.equal(whole.told.at(-1), "ended: the daemon stops");
  });
});

test("a client that reads slowly stalls the remote; nothing is lost, and memory is bounded", async (t) => {
  const { relay, plugin, device, told, client } = await scene(t);
  const size = 24 * 1024 * 1024; // more than the buffers on the way hold
  plugin.socket.pause();
  device.write(Buffer.alloc(size, "x"));
  device.end();
  await until(() => client.unsent > 0, "the client to be stalled");
  assert.ok(relay.receivedBytes < size);
  assert.ok(client.unsent <= 262_144, `${client.unsent} bytes wait`);
  let received = 0;
  plugin.socket.removeAllListeners("data");
  plugin.socket.on("data", (chunk) => {
    received += chunk.length;
  });
  plugin.socket.resume();
  await until(() => plugin.ended, "the end");
  assert.equal(received, size);
  assert.ok(told.includes("client drained"));
});

test("a remote that is silent for longer than RTIM is reset, and the client gets FIN", async (t) => {
  const { plugin, device, told } = await scene(t, { rules: { ...RULES, receiveTimeoutMs: 50 } });
  device.write("last sign of life");
  assert.equal(await plugin.rest(), "last sign of life");
  await until(() => device.closed, "the remote to be closed");
  assert.equal(device.error?.code, "ECONNRESET");
  assert.equal(told[0], "ended: RTIM: the remote was silent for 50 ms");
});
