import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_BACKLOG } from "#src/core/limits/idle-deadlines.js";
import { peerBacklog } from "#src/sockets/peer-backlog.js";
import { systemClock } from "#src/system/clock.js";
import { SocketTable } from "#src/system/socket-table.js";
import { FakeEnd } from "../support/fake-end.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const sockets = new SocketTable(systemClock);

test("the kernel tells what a peer on this machine has not read, also below an end that wraps the socket", async (t) => {
  const { end, peer } = await socketEnd(t);
  assert.deepEqual(await peerBacklog(end, sockets), NO_BACKLOG);
  peer.socket.pause();
  end.write(Buffer.alloc(524_288)); // more than Node reads ahead on a socket that is paused
  await until(() => end.unsent === 0, "the kernel to take it");
  const wrapped = Object.assign(new FakeEnd(), { base: end });
  for (const each of [end, wrapped]) {
    const { unread, unacknowledged } = await peerBacklog(each, sockets);
    assert.ok(unread > 0, "bytes that have reached it");
    assert.ok(unread + unacknowledged < 524_288, "Node has read some");
  }
  end.destroy();
  assert.deepEqual(await peerBacklog(end, sockets), NO_BACKLOG);
});

test("an end without a TCP socket has no backlog, unless it waits for its turn, and the kernel is not asked", async (t) => {
  const row = t.mock.method(sockets, "row");
  assert.deepEqual(await peerBacklog(new FakeEnd(), sockets), NO_BACKLOG);
  const waiting = Object.assign(new FakeEnd(), { awaitsTurn: true });
  assert.deepEqual(
    await peerBacklog(waiting, sockets),
    { unacknowledged: 1, unread: 0 },
    "it cannot take anything now",
  );
  assert.equal(row.mock.callCount(), 0);
});
