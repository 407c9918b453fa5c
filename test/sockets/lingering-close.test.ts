import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import type { EndKind } from "#src/core/limits/end-rules.js";
import { closeLingering } from "#src/sockets/lingering-close.js";
import { peerBacklog } from "#src/sockets/peer-backlog.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const LIMIT_MS = 20_000;
/** More than the buffers between two sockets hold. */
const MUCH = Buffer.alloc(16 * 1024 * 1024, "x");

/** A client that is to be closed, and what the closing tells; time is the test's, sockets and kernel are real. */
async function scene(t: TestContext) {
  const clock = new ManualClock();
  const tableClock = new ManualClock(); // the table is read ten times a second at most; here it is read whenever it is asked
  const sockets = new SocketTable(tableClock);
  const { end, peer } = await socketEnd(t);
  const told: string[] = [];
  const close = (how: EndKind = "end", writtenAt?: number): void =>
    closeLingering(
      end,
      { how, limitMs: LIMIT_MS, ...(writtenAt !== undefined && { writtenAt }) },
      { clock, sockets },
      {
        drained: () => told.push("drained"),
        finished: () => told.push("finished"),
        gone: () => told.push("gone"),
        fault: (error) => assert.fail(String(error)),
      },
    );
  /** Lets time pass, up to the end of the look that it leads to. */
  async function pass(ms: number): Promise<void> {
    tableClock.advance(1000);
    clock.advance(ms);
    await sockets.row(end.ownKey, end.peerKey); // answered together with what was asked at the same time
    for (let n = 0; n < 5; n += 1) await nextPass();
  }
  /** Bytes that the kernel holds for the client, on both sides. */
  async function held(): Promise<number> {
    tableClock.advance(1000);
    const { unacknowledged, unread } = await peerBacklog(end, sockets);
    return unacknowledged + unread;
  }
  return { clock, sockets, end, peer, told, close, pass, held };
}

test("everything written reaches the client, then FIN; it is over when the client has closed, too", async (t) => {
  const { clock, end, peer, told, close } = await scene(t);
  end.write("last words");
  close();
  assert.equal(await peer.rest(), "last words");
  assert.deepEqual(told, ["finished"]);
  peer.end();
  await until(() => told.length === 2, "the end");
  assert.deepEqual([told, clock.pending, peer.error], [["finished", "gone"], 0, undefined]);
});

test("a client that is gone already is gone at once", async (t) => {
  const { clock, end, told, close } = await scene(t);
  end.destroy();
  close();
  assert.deepEqual([told, clock.pending], [["gone"], 0]);
});

test("a client that keeps its side open has the limit, and is closed without a reset", async (t) => {
  const { end, peer, told, close, pass } = await scene(t);
  const reset = t.mock.method(end, "reset");
  close();
  await peer.rest();
  await pass(LIMIT_MS - 1);
  assert.equal(end.gone, false);
  await pass(1);
  await until(() => told.includes("gone"), "the limit");
  assert.equal(reset.mock.callCount(), 0);
});

test("a client that goes on writing is read, and cut by a reset 5 s after it has everything", async (t) => {
  const { end, peer, told, close, pass } = await scene(t);
  const reset = t.mock.method(end, "reset");
  close();
  await peer.rest();
  peer.write("one\n");
  await until(() => end.bytesReceived === 4, "it to be read");
  for (let second = 1; second < 5; second += 1) {
    await pass(1000);
    peer.write("more\n");
    assert.equal(end.gone, false, `${second} s`);
  }
  await pass(1000);
  await until(() => told.includes("gone"), "the cut");
  assert.equal(reset.mock.callCount(), 1);
});

test("bytes that a client still writes are read up to a mebibyte; the rest makes it wait", async (t) => {
  const { end, peer, close } = await scene(t);
  close();
  await peer.rest();
  peer.write(MUCH);
  await until(() => end.bytesReceived > 1_048_576, "a mebibyte");
  assert.equal(end.reading, false);
  assert.ok(end.bytesReceived < 2 * 1_048_576);
});

test("a client that takes nothing for as long as the limit is reset", async (t) => {
  const { end, peer, told, close, pass } = await scene(t);
  const reset = t.mock.method(end, "reset");
  peer.socket.pause();
  end.write(MUCH);
  await until(() => end.unsent > 0, "it to be stalled");
  close();
  await pass(LIMIT_MS); // the first look: what it has not taken yet
  assert.equal(end.gone, false);
  for (let look = 2; look < 10 && !end.gone; look += 1) await pass(LIMIT_MS); // its kernel may still take some
  await until(() => told.includes("gone"), "the cut");
  assert.equal(reset.mock.callCount(), 1);
});

test("a client that takes some in each time has as long as it needs", async (t) => {
  const { end, peer, close, pass, held } = await scene(t);
  peer.socket.pause();
  end.write(MUCH.subarray(0, 1_048_576)); // the kernel takes it all, and its backlog only shrinks
  await until(() => end.unsent === 0, "the kernel to take it");
  close();
  peer.socket.removeAllListeners("data");
  peer.socket.on("data", () => peer.socket.pause());
  for (let time = 0; time < 6; time += 1) {
    const before = await held();
    await until(async () => {
      peer.socket.resume(); // Node may have a chunk of its own
      return (await held()) < before;
    }, "the client to take some");
    await pass(LIMIT_MS - 1);
    assert.equal(end.gone, false, `${before} bytes were held`);
  }
  assert.ok((await held()) > 0);
});

test("a client that takes what was unsent gets the rest, and then FIN", async (t) => {
  const { end, peer, told, close } = await scene(t);
  peer.socket.pause();
  end.write(MUCH);
  await until(() => end.unsent > 0, "it to be stalled");
  close();
  let received = 0;
  peer.socket.removeAllListeners("data");
  peer.socket.on("data", (chunk) => {
    received += chunk.length;
  });
  peer.socket.resume();
  await until(() => peer.ended, "FIN");
  assert.equal(received, MUCH.length);
  assert.deepEqual(told, ["drained", "finished"]);
});

describe("a reset", () => {
  test("comes once the peer has everything, has read it, and a moment has passed", async (t) => {
    const { end, peer, told, close, pass, held } = await scene(t);
    const reset = t.mock.method(end, "reset");
    peer.socket.pause();
    end.write(MUCH.subarray(0, 300_000));
    await until(() => end.unsent === 0, "the kernel to take it");
    close("reset");
    await pass(0);
    for (let look = 0; look < 5; look += 1) await pass(1000);
    assert.equal(reset.mock.callCount(), 0, "it has read nothing");
    peer.socket.resume();
    await until(() => peer.bytes.length === 300_000, "it to read");
    await until(async () => (await held()) === 0, "the kernel to know");
    await pass(1000); // a look that sees progress
    assert.equal(reset.mock.callCount(), 0);
    for (let look = 0; look < 3; look += 1) await pass(100);
    await until(() => peer.closed, "the reset");
    assert.deepEqual([peer.error?.code, peer.ended, told], ["ECONNRESET", false, ["gone"]]);
  });

  test("takes one look where the peer has everything already", async (t) => {
    const { clock, sockets, end, peer, told, close, pass, held } = await scene(t);
    end.write("x");
    await peer.take(1);
    await until(async () => (await held()) === 0, "the kernel to know");
    const look = t.mock.method(sockets, "row");
    close("reset", clock.now());
    await pass(0);
    const looks = look.mock.callCount();
    clock.advance(199);
    assert.equal(end.gone, false, "the peer's program may still read");
    clock.advance(1);
    assert.deepEqual([end.gone, look.mock.callCount()], [true, looks]);
    await until(() => peer.closed, "the reset");
    assert.deepEqual(told, ["gone"]);
  });

  test("comes at once to a peer that has got its last byte long ago", async (t) => {
    const { end, peer, told, close, pass, clock } = await scene(t);
    end.write("x");
    await peer.take(1);
    clock.advance(5000);
    close("reset", 0);
    await pass(0);
    await until(() => peer.closed, "the reset");
    assert.deepEqual([peer.error?.code, told], ["ECONNRESET", ["gone"]]);
  });

  test("does not wait for a peer that writes and reads nothing", async (t) => {
    const { end, peer, told, close, pass } = await scene(t);
    peer.socket.pause();
    end.write("unread");
    close("reset");
    await pass(0);
    peer.write("more");
    await until(() => end.bytesReceived > 0, "it to be read");
    await pass(1000);
    await pass(1000);
    await until(() => told.includes("gone"), "the reset");
  });

  test("comes after the limit to a peer that takes nothing", async (t) => {
    const { end, peer, told, close, pass } = await scene(t);
    peer.socket.pause();
    end.write(MUCH);
    await until(() => end.unsent > 0, "it to be stalled");
    close("reset");
    await pass(0);
    for (let look = 0; look < 100 && !end.gone; look += 1) await pass(LIMIT_MS / 10);
    assert.deepEqual([end.gone, told.at(-1)], [true, "gone"]);
  });

  test("a peer that has reset the connection itself is gone", async (t) => {
    const { peer, told, close } = await scene(t);
    close("reset");
    peer.reset();
    await until(() => told.includes("gone"), "its end");
  });
});
