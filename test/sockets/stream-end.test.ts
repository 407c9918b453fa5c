import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { StreamEnd, streamOf } from "#src/sockets/stream-end.js";
import { systemClock } from "#src/system/clock.js";
import { SocketTable } from "#src/system/socket-table.js";
import { FakeEnd } from "../support/fake-end.js";
import { type Joined, socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

/** A socket whose chunks come from Node, as with TLS: each record is a chunk, however short. */
class ChunkedSocket extends Duplex {
  setNoDelay(): void {}
  readonly keepalive: number[] = [];
  setKeepAlive(_isOn: boolean, ms: number): void {
    this.keepalive.push(ms);
  }
  override _read(): void {}
}

/** An end on such a socket. Its owner takes some time for each chunk. */
function scene(workMs: number) {
  const socket = new ChunkedSocket({ allowHalfOpen: true });
  const end = new StreamEnd(socket as unknown as Socket, 0, undefined, { host: "10.0.0.1", port: 1 });
  const heard: string[] = [];
  let ended = false;
  end.events = {
    ...IGNORE_EVENTS,
    data(chunk) {
      const until = performance.now() + workMs;
      while (performance.now() < until);
      heard.push(chunk.toString("latin1"));
    },
    eof() {
      ended = true;
    },
    fault: (error) => assert.fail(String(error)),
  };
  return { socket, end, heard, isEnded: () => ended };
}

test("the kernel probes a peer from the first word on, and each second until told otherwise", () => {
  const { socket, end } = scene(0);
  end.probe();
  end.probe();
  end.probe(true);
  end.probe(); // no word on when
  end.probe(false);
  assert.deepEqual(socket.keepalive, [0, 1000, 0]);
});

const CRUMBS = Array.from({ length: 1000 }, (_, index) => String(index % 10));

/** Sends tiny chunks, as many at once as one read of the kernel can hold. */
function sendCrumbs(socket: ChunkedSocket): boolean {
  let wantsMore = true;
  for (const crumb of CRUMBS) wantsMore = socket.push(crumb);
  return wantsMore;
}

test("tiny chunks pass one by one for a time slice, then joined, in order and before the end", async () => {
  const { socket, end, heard, isEnded } = scene(1);
  end.resume();
  await until(() => socket.readableFlowing === true, "it to read");
  assert.equal(sendCrumbs(socket), false, "the socket is to read nothing ahead");
  assert.ok(heard.length < 50, `${heard.length} chunks in one turn`);
  socket.push(null);
  await until(isEnded, "the end");
  assert.equal(heard.join(""), CRUMBS.join(""));
  assert.ok(heard.length < 50, `${heard.length} chunks in all`);
});

test("an end that is paused during its time slice passes nothing before it is resumed", async () => {
  const { socket, end, heard } = scene(1);
  end.resume();
  await until(() => socket.readableFlowing === true, "it to read");
  sendCrumbs(socket);
  end.pause();
  const before = heard.length;
  for (let pass = 0; pass < 5; pass += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(heard.length, before);
  end.resume();
  await until(() => heard.join("").length === CRUMBS.length, "the rest");
  assert.equal(heard.join(""), CRUMBS.join(""));
});

describe("a TCP end", () => {
  test("a listener that throws is a fault of its own connection, and the end goes on", async (t) => {
    const { end, peer } = await socketEnd(t);
    const faults: unknown[] = [];
    const fault = new Error("a fault");
    end.events = {
      ...IGNORE_EVENTS,
      data() {
        throw fault;
      },
      eof() {
        throw fault;
      },
      closed() {
        throw fault;
      },
      fault: (error) => faults.push(error),
    };
    end.resume();
    peer.write("one");
    await until(() => faults.length === 1, "the fault");
    peer.end();
    await until(() => faults.length === 2, "the fault at its end");
    end.destroy();
    await until(() => faults.length === 3, "the fault when it closes");
    assert.deepEqual(faults, [fault, fault, fault]);
  });

  test("drained follows a write that the kernel does not take at once, and no other", async (t) => {
    const { end, peer } = await socketEnd(t);
    const told: string[] = [];
    end.events = { ...IGNORE_EVENTS, drained: () => told.push("drained"), finished: () => told.push("finished") };
    end.write("short");
    await peer.take(5);
    assert.deepEqual(told, []);
    peer.socket.pause();
    end.write(Buffer.alloc(16 * 1024 * 1024)); // more than the buffers on the way hold
    await until(() => end.unsent > 0, "it to be stalled");
    assert.equal(end.bytesSent, 5 + 16 * 1024 * 1024);
    peer.socket.removeAllListeners("data").on("data", () => {});
    peer.socket.resume();
    await until(() => told.length > 0, "the event");
    assert.deepEqual([told, end.unsent], [["drained"], 0]);
    end.end();
    end.write("behind FIN");
    await until(() => told.length > 1, "FIN");
    assert.deepEqual(told, ["drained", "finished"]);
  });

  test("a reset is an error for the peer; where FIN is going out already, the end is gone all the same", async (t) => {
    const { end, peer } = await socketEnd(t);
    end.reset();
    await until(() => peer.closed, "the peer to learn of it");
    assert.equal(peer.error?.code, "ECONNRESET");
    const ending = await socketEnd(t);
    ending.end.end();
    ending.end.reset();
    await until(() => ending.peer.ended || ending.peer.closed, "the peer to learn of it");
    assert.equal(ending.end.gone, true);
  });

  /** An end with 1 MiB to read, more than a read takes, whose peer has then reset the connection; and what it is told. */
  async function resetBehindBytes(t: TestContext) {
    const { end, peer } = await socketEnd(t);
    let got = 0;
    const told: string[] = [];
    const sockets = new SocketTable(systemClock);
    end.events = {
      ...IGNORE_EVENTS,
      data: (chunk) => {
        got += chunk.length;
        if (got < 200_000) return;
        end.pause(); // back pressure, for a moment
        setImmediate(() => end.resume());
      },
      eof: () => told.push("eof"),
      broken: () => told.push("broken"),
      closed: (error) => told.push(`closed: ${(error as NodeJS.ErrnoException | undefined)?.code}`),
      fault: (error) => assert.fail(String(error)),
    };
    peer.write(Buffer.alloc(1_000_000));
    const held = async (): Promise<number> => (await sockets.row(end.ownKey, end.peerKey))?.unread ?? 0;
    let before = -1;
    await until(async () => {
      const now = await held();
      const settled = now > 100_000 && now === before;
      before = now;
      return settled;
    }, "the bytes");
    peer.reset();
    await until(async () => (await sockets.row(end.ownKey, end.peerKey)) === undefined, "the reset");
    return { end, told, got: () => got, expected: before };
  }

  test("a reset that comes together with bytes is no FIN: the bytes come first, then the error", async (t) => {
    const { end, told, got, expected } = await resetBehindBytes(t);
    end.resume();
    await until(() => told.length > 0, "the end");
    assert.deepEqual([told, got()], [["closed: ECONNRESET"], expected]);
  });

  test("a write that fails loses nothing that the peer sent before its reset", async (t) => {
    const { end, told, got, expected } = await resetBehindBytes(t);
    end.write("too late");
    await until(() => told.length > 0, "the failure");
    assert.deepEqual([told, end.isBroken, end.gone, got()], [["broken"], true, false, 0]);
    end.write("still too late");
    end.end();
    assert.equal(end.unsent, 1, "nobody is to write any more");
    end.resume();
    await until(() => told.length > 1, "the end");
    assert.deepEqual([told, got()], [["broken", "closed: ECONNRESET"], expected]);
  });

  test("an owner that knows of no broken end, and does not read before its words are taken, hears the end at once", async (t) => {
    const { end, told } = await resetBehindBytes(t);
    const { broken: _, ...events } = end.events;
    end.events = events;
    end.write("too late");
    await until(() => told.length > 0, "the end");
    assert.equal(end.gone, true);
  });

  test("the reason of a destroyed end is that of the peer, our own, or none", async (t) => {
    const reasons: (string | undefined)[] = [];
    const watched = async (): Promise<Joined> => {
      const joined = await socketEnd(t);
      joined.end.events = { ...IGNORE_EVENTS, closed: (error) => reasons.push(error?.message) };
      joined.end.resume();
      return joined;
    };
    (await watched()).peer.reset();
    await until(() => reasons.length === 1, "the first");
    (await watched()).end.destroy(new Error("dead peer"));
    await until(() => reasons.length === 2, "the second");
    (await watched()).end.destroy();
    await until(() => reasons.length === 3, "the third");
    assert.match(reasons[0] ?? "", /ECONNRESET/);
    assert.deepEqual(reasons.slice(1), ["dead peer", undefined]);
  });

  test("an end that yields reads on in the next pass of the event loop, unless it is paused by then", async (t) => {
    const { end, peer } = await socketEnd(t);
    let text = "";
    end.events = {
      ...IGNORE_EVENTS,
      data(chunk) {
        text += chunk;
        end.yield();
      },
    };
    end.resume();
    peer.write("one");
    await until(() => text === "one", "the first chunk");
    peer.write("two");
    await until(() => text === "onetwo", "the second one");
    end.yield();
    end.pause();
    peer.write("three");
    for (let pass = 0; pass < 20; pass += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(text, "onetwo");
    end.resume();
    await until(() => text === "onetwothree", "the rest");
  });

  test("an end that is wrapped is found again; one without a socket is not", async (t) => {
    const { end } = await socketEnd(t);
    assert.equal(streamOf(end), end);
    assert.equal(streamOf(Object.assign(new FakeEnd(), { base: end })), end);
    assert.equal(streamOf(new FakeEnd()), undefined);
  });
});
