import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { acceptTcp, connectTcp } from "#src/sockets/tcp-end.js";
import { Device } from "../support/net.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

/** Reads an end from now on; the lengths of its chunks. */
function chunksOf(end: StreamEnd): { readonly lengths: number[]; text(): string; isEnded(): boolean } {
  const lengths: number[] = [];
  let text = "";
  let ended = false;
  end.events = {
    ...IGNORE_EVENTS,
    data: (chunk) => {
      lengths.push(chunk.length);
      text += chunk.toString("latin1"); // the memory is used again
    },
    eof: () => {
      ended = true;
    },
    fault: (error) => assert.fail(String(error)),
  };
  end.resume();
  return { lengths, text: () => text, isEnded: () => ended };
}

async function dialled(t: TestContext, readLimit: number) {
  const device = await Device.open();
  const { socket, adopt } = connectTcp({ port: device.port, host: "127.0.0.1" }, readLimit, 0);
  await once(socket, "connect");
  const peer = await device.client();
  const end = adopt();
  t.after(() => {
    end.destroy();
    device.close();
  });
  return { end, peer };
}

test("a dialled end reads nothing before it is resumed, and then all of it, and FIN", async (t) => {
  const { end, peer } = await dialled(t, 0);
  peer.write("greeting");
  peer.end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(end.bytesReceived, 0);
  const { text, isEnded } = chunksOf(end);
  await until(isEnded, "FIN");
  assert.equal(text(), "greeting");
  end.write("still open this way");
  assert.equal(await peer.take(19), "still open this way");
});

test("no read of a dialled end brings more than its limit", async (t) => {
  const { end, peer } = await dialled(t, 100);
  const { lengths, text } = chunksOf(end);
  peer.write("x".repeat(5000));
  await until(() => text().length === 5000, "all of it");
  assert.ok(Math.max(...lengths) <= 100, lengths.join());
});

test("an accepted end takes the connection over: bytes that came before, addresses, FIN both ways", async (t) => {
  const { end, peer } = await socketEnd(t);
  peer.write("early");
  const { text, isEnded } = chunksOf(end);
  await until(() => text() === "early", "the bytes");
  assert.deepEqual([end.peerAddress, end.peerPort], ["127.0.0.1", peer.socket.localPort]);
  assert.deepEqual([end.localAddress, end.localPort], ["127.0.0.1", peer.socket.remotePort]);
  end.write("last words");
  end.end();
  assert.equal(await peer.rest(), "last words");
  peer.end();
  await until(isEnded, "FIN");
  await until(() => end.gone, "the end to be closed");
});

test("one write of a client is one chunk where it becomes a datagram, from the first one on", async (t) => {
  const { end, peer } = await socketEnd(t, true);
  const { lengths } = chunksOf(end);
  peer.write("x".repeat(5000)); // more than the read buffer of an idle stream
  await until(() => lengths.length > 0, "the chunk");
  assert.deepEqual(lengths, [5000]);
});

test("a socket that is destroyed before it is taken over makes an end that is gone", async (t) => {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const client = connect((server.address() as { port: number }).port, "127.0.0.1");
  t.after(() => client.destroy());
  const [accepted] = await accepting;
  accepted.destroy();
  const end = acceptTcp(accepted, 0, false);
  assert.equal(end.gone, true);
});
