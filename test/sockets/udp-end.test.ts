import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { totalDropped } from "#src/core/net/datagrams.js";
import { bindDatagrams, datagramSocket } from "#src/sockets/datagram-socket.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { remoteUdpEnd } from "#src/sockets/udp-end.js";
import { freePort } from "../support/free-port.js";
import { quietFor, until } from "../support/wait.js";

async function udpSocket(t: TestContext): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  return socket;
}

/** An end that sends to a port of this machine, and what it tells. */
async function connected(t: TestContext, port: number) {
  const socket = datagramSocket("127.0.0.1");
  await bindDatagrams(socket, 0);
  const end = remoteUdpEnd(socket, { host: "127.0.0.1", port }, "of host");
  const told: string[] = [];
  end.events = {
    data: (chunk) => told.push(`data ${chunk.length}`),
    eof: () => told.push("eof"),
    drained: () => told.push("drained"),
    finished: () => told.push("finished"),
    closed: (error) => told.push(`closed ${error}`),
    fault: (error) => assert.fail(String(error)),
  };
  t.after(() => end.destroy());
  return { end, told, port: socket.address().port };
}

test("each write is a datagram, each datagram is a chunk, an empty one too", async (t) => {
  const remote = await udpSocket(t);
  const { end, told, port } = await connected(t, remote.address().port);
  const came: string[] = [];
  remote.on("message", (datagram) => came.push(datagram.toString()));
  end.resume();
  end.write("one");
  end.write(Buffer.from("two"));
  await until(() => came.length === 2, "both");
  assert.deepEqual(came, ["one", "two"]);
  for (const text of ["answer", ""]) {
    remote.send(text, port, "127.0.0.1");
    await until(() => told.at(-1) === `data ${text.length}`, "the datagram");
  }
  assert.equal(end.peerPort, remote.address().port);
});

test("a write that is too long for a datagram is several", async (t) => {
  const remote = await udpSocket(t);
  const { end } = await connected(t, remote.address().port);
  const lengths: number[] = [];
  remote.on("message", (datagram) => lengths.push(datagram.length));
  end.write(Buffer.alloc(70_000));
  await until(() => lengths.length === 2, "both");
  assert.deepEqual(lengths, [65_507, 70_000 - 65_507]);
  assert.equal(totalDropped(end.dropped), 0);
});

test("datagrams that come while the end is paused wait, as many as have room; the others are dropped and counted", async (t) => {
  const remote = await udpSocket(t);
  const { end, told, port } = await connected(t, remote.address().port);
  const send = (bytes: number): void => remote.send(Buffer.alloc(bytes), port, "127.0.0.1");
  for (let count = 0; count < 8; count += 1) {
    send(15_000);
    await until(() => end.waitingBytes === 15_000 * (count + 1) || end.dropped.slow > 0, "it to be there");
    if (end.dropped.slow > 0) break;
  }
  assert.deepEqual([end.dropped.slow, end.waitingBytes], [1, 60_000]);
  end.resume();
  assert.deepEqual(told, Array(4).fill("data 15000"));
  send(5);
  await until(() => told.length === 5, "the next one");
});

test("a remote that refuses a datagram costs that one: the end goes on", async (t) => {
  const port = await freePort();
  const { end, told } = await connected(t, port);
  end.resume();
  end.write("nobody there");
  const remote = createSocket("udp4").bind(port, "127.0.0.1");
  await once(remote, "listening");
  t.after(() => remote.close());
  const arrived = once(remote, "message");
  end.write("again");
  await arrived;
  assert.deepEqual(told, []);
});

test("answers may come from any port of the host that was asked, not from another host", async (t) => {
  const remote = await udpSocket(t);
  const { end, told, port } = await connected(t, remote.address().port);
  end.resume();
  const [sameHost, otherHost] = [await udpSocket(t), createSocket("udp4").bind(0, "127.0.0.2")];
  t.after(() => otherHost.close());
  await once(otherHost, "listening");
  otherHost.send("foreign", port, "127.0.0.1");
  sameHost.send("by another port", port, "127.0.0.1");
  await until(() => told.length > 0 && end.dropped.foreign > 0, "both");
  assert.deepEqual([told, { ...end.dropped }], [["data 15"], { slow: 0, foreign: 1, unsent: 0 }]);
});

test("an end that is destroyed closes, once, and takes nothing more", async (t) => {
  const remote = await udpSocket(t);
  const { end, told } = await connected(t, remote.address().port);
  end.destroy();
  end.destroy();
  end.write("into the void");
  end.end();
  await until(() => told.length > 0, "the end");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([told, end.gone, end.unsent], [["closed undefined"], true, 0]);
});

test("UDP has no FIN: the end is finished at once, and nothing is sent", async (t) => {
  const remote = await udpSocket(t);
  const { end, told } = await connected(t, remote.address().port);
  remote.on("message", () => assert.fail("a datagram"));
  end.events = { ...IGNORE_EVENTS, finished: () => told.push("finished") };
  end.end();
  await until(() => told.length > 0, "the event");
  await quietFor(20);
  assert.deepEqual(told, ["finished"]);
});
