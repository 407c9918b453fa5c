// One end of a link on a clock that the test moves; the test scripts the other end byte by byte.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { StreamEnd } from "#src/sockets/stream-end.js";
import type { Channel } from "#src/tunnel/channel.js";
import { MAX_PENDING } from "#src/tunnel/receive-flow-control.js";
import { TunnelLink } from "#src/tunnel/tunnel-link.js";
import { ManualClock } from "../support/clock.js";
import { Client } from "../support/net.js";
import { socketEnd } from "../support/socket-end.js";
import {
  CLOSE,
  DATA,
  type Frame,
  FramePeer,
  frame,
  HELLO,
  LISTEN,
  PAUSE,
  PING,
  PONG,
  RESUME,
} from "../support/tunnel.js";
import { until } from "../support/wait.js";

const PEER = { host: "127.0.0.1", port: 1 };
const STALL_MS = 5000;
const PROBE_MS = 30_000;
const MANY = 192;
const CONFIRMED_WITHIN_MS = 2000;

/** A link that is being read, its events, and its peer. */
async function open(t: TestContext, { probeMs = 0, onCommand = () => {} } = {}) {
  const port = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(port, "listening");
  t.after(() => void port.close());
  const [[socket], client] = await Promise.all([
    once(port, "connection") as Promise<[Socket]>,
    Client.open((port.address() as AddressInfo).port),
  ]);
  const clock = new ManualClock();
  const told: string[] = [];
  const link = new TunnelLink(new StreamEnd(socket, 30_000), { stallMs: STALL_MS, probeMs }, clock, {
    command: ({ kind }) => {
      told.push(kind);
      onCommand();
    },
    stalled: ({ id }) => told.push(`stalled ${id}`),
    lost: (reason) => told.push(`lost: ${reason}`),
    fault: (error) => told.push(`fault: ${error}`),
  });
  t.after(() => {
    link.close("the test has ended");
    client.destroy();
  });
  link.start();
  return { link, clock, told, peer: new FramePeer(client) };
}

type Scene = Awaited<ReturnType<typeof open>>;

/** Opens a client and stores its bytes. */
function listen(link: TunnelLink, id: number): { channel: Channel; text: () => string; ends: string[] } {
  const channel = link.open(id, PEER);
  const chunks: Buffer[] = [];
  const ends: string[] = [];
  channel.events = {
    ...IGNORE_EVENTS,
    data: (bytes) => chunks.push(bytes),
    eof: () => ends.push("eof"),
    drained: () => ends.push("drained"),
    finished: () => ends.push("finished"),
    closed: (error) => ends.push(error?.message ?? "closed"),
  };
  channel.resume();
  return { channel, text: () => Buffer.concat(chunks).toString("latin1"), ends };
}

/** Waits until the link has read everything from its peer, marked by a LISTEN, which the link ignores. */
async function readSoFar({ peer, told }: Scene): Promise<void> {
  const before = told.length;
  peer.send(LISTEN, 0);
  await until(() => told.slice(before).includes("listen"), "the link to have read all");
}

/** Takes frames until this one, which has no payload. HELLO is not among them. */
async function upTo({ peer }: Scene, command: number, id: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (;;) {
    const next = await peer.frame();
    if (next.command === command && next.id === id) return frames;
    if (next.command !== HELLO) frames.push(next);
  }
}

test("frames other than the clients' bytes fill the window, too, and have pings", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const { channel } = listen(link, 0);
  peer.send(PING, 0);
  await peer.expect(PONG, 0);
  await peer.expect(PING, 0);
  peer.send(PONG, 0);
  await readSoFar(scene);
  peer.write(Buffer.concat(Array.from({ length: 5000 }, () => frame(PING, 0)))); // 20,000 bytes of answers
  await readSoFar(scene);
  channel.write("hello");
  const answered = async (): Promise<Buffer> => {
    for (;;) {
      const { command, payload } = await peer.frame();
      if (command === DATA) return payload;
      if (command === PING) peer.send(PONG, 0);
    }
  };
  assert.equal((await answered()).toString(), "hello");
});

test("a closed link has no timer and reports its end once", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { link, clock, told, peer } = scene;
  const channel = link.open(0, PEER);
  for (let sent = 0; sent < 300_000; sent += 60_000) peer.send(DATA, 0, Buffer.alloc(60_000));
  await until(() => channel.pending === 300_000, "all of it");
  assert.equal(clock.pending, 2);
  link.close("enough");
  link.close("again");
  assert.equal(clock.pending, 0);
  await peer.ended();
  assert.deepEqual(told, ["lost: enough"]);
});

test("bytes behind the end of a link, in the same packet, are ignored", async (t) => {
  const { link, told, peer } = await open(t);
  const { channel } = listen(link, 0);
  channel.events = { ...IGNORE_EVENTS, data: () => link.close("enough") };
  peer.write(Buffer.concat([frame(DATA, 0, "!"), frame(CLOSE, 0), frame(LISTEN, 0)]));
  await peer.ended();
  assert.deepEqual(told, ["lost: enough"]);
});

test("a fault in an event handler ends the link", async (t) => {
  const broken = (): void => {
    throw new Error("broken");
  };
  const { told, peer } = await open(t, { onCommand: broken });
  peer.send(LISTEN, 0);
  await peer.ended();
  assert.deepEqual(told, ["listen", "fault: Error: broken", "lost: fault in the program"]);
});

test("the status of a link: address, age, clients, bytes including frames", async (t) => {
  const scene = await open(t);
  const { link, clock } = scene;
  clock.advance(1234.4);
  link.open(5, PEER).write("hello");
  await readSoFar(scene);
  assert.deepEqual(link.status("a:1"), { address: "a:1", ageMs: 1234, clients: 1, received: 4, sent: 9 });
});

test("a link without probes has no timer", async (t) => {
  const { clock } = await open(t);
  assert.equal(clock.pending, 0);
});

test("a link probes only a silent peer", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { clock, peer } = scene;
  for (let round = 0; round < 4; round += 1) {
    clock.advance(PROBE_MS * 0.7);
    await readSoFar(scene);
  }
  clock.advance(PROBE_MS * 1.5);
  assert.deepEqual(await upTo(scene, CLOSE, 255), []);
  assert.equal(peer.client.bytes.length, 0);
});

test("a peer that got no probe, because this process stood still, gets one before it counts as silent", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { clock, peer, told } = scene;
  peer.send(PING, 0);
  await readSoFar(scene);
  clock.standStill(10 * PROBE_MS);
  clock.advance(0);
  clock.advance(PROBE_MS / 10);
  peer.send(PONG, 0);
  await readSoFar(scene);
  clock.advance(1.3 * PROBE_MS); // this late it has got two more probes and has not answered
  assert.deepEqual(told, ["listen", "listen"]);
  clock.advance(PROBE_MS / 2);
  assert.match(told.at(-1) ?? "", /^lost: silent for /);
});

test("the probe for a peer without pings uses an id that no client has, nor the next one gets", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { link, clock, peer } = scene;
  for (const id of [0, 255]) link.open(id, PEER);
  clock.advance(PROBE_MS);
  assert.deepEqual(await peer.frame(), { command: CLOSE, id: 254, payload: Buffer.alloc(0) });
});

test("when all ids are taken, a peer without pings gets no probe", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { link, clock, peer } = scene;
  for (let id = 0; id < 256; id += 1) link.open(id, PEER);
  clock.advance(3 * PROBE_MS);
  await readSoFar(scene);
  link.send({ kind: "listen" });
  assert.equal((await peer.frame()).command, LISTEN);
});

test("beyond 192 clients those that have sent FIN are closed, the oldest first, after their bytes", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const clients = Array.from({ length: MANY }, (_, id) => listen(link, id));
  const [first, second, third] = clients;
  peer.send(PAUSE, 0);
  await readSoFar(scene);
  first?.channel.write("not sent yet");
  for (const each of [first, third, second]) each?.channel.end();
  await readSoFar(scene);
  assert.equal(peer.client.bytes.length, 0, "there is room");
  link.open(MANY, PEER);
  assert.deepEqual(await peer.frame(), { command: CLOSE, id: 2, payload: Buffer.alloc(0) });
  assert.ok(third?.ends.includes("eof"));
  assert.equal(link.status("").clients, MANY);
  link.open(MANY + 1, PEER);
  assert.deepEqual((await peer.frame()).id, 1);
  link.open(MANY + 2, PEER);
  clients[10]?.channel.end();
  assert.deepEqual((await peer.frame()).id, 10, "one that ends while there are too many goes at once");
  assert.deepEqual(first?.ends, []);
});

test("a closed client is not closed again to make room: another client may have its id", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const [replaced, closed, late] = [listen(link, 0), listen(link, 1), listen(link, 2)];
  for (const { channel } of [replaced, closed]) channel.end();
  link.open(0, PEER);
  assert.deepEqual(replaced.ends, ["the other side has given its number to another client"]);
  for (const id of [1, 2]) peer.send(CLOSE, id);
  await readSoFar(scene);
  late.channel.end();
  for (let id = 1; id <= MANY; id += 1) link.open(id, PEER);
  await readSoFar(scene);
  link.send({ kind: "listen" });
  assert.deepEqual(await upTo(scene, LISTEN, 0), []);
  assert.equal(link.status("").clients, MANY + 1);
});

test("a closed id is free again when the peer confirms it, after a while, or when no other id is left", async (t) => {
  const scene = await open(t);
  const { link, clock, peer } = scene;
  const channels = Array.from({ length: 256 }, (_, id) => link.open(id, PEER));
  assert.equal(link.freeId(), undefined);
  channels[7]?.destroy();
  channels[9]?.destroy();
  assert.equal(link.freeId(), 7, "there is no other");
  peer.send(CLOSE, 9);
  await readSoFar(scene);
  assert.equal(link.freeId(), 9, "confirmed");
  link.open(9, PEER);
  assert.equal(link.freeId(), 7);
  peer.send(CLOSE, 200);
  await readSoFar(scene);
  assert.equal(link.freeId(), 200, "closed by the other side");
  clock.advance(CONFIRMED_WITHIN_MS - 1);
  assert.equal(link.freeId(), 200);
  clock.advance(1);
  assert.equal(link.freeId(), 7);
});

test("between two sockproxyd an id waits for the confirmation, however long it takes, and each CLOSE is confirmed", async (t) => {
  const scene = await open(t);
  const { link, clock, peer } = scene;
  peer.send(PING, 0);
  await upTo(scene, PING, 0);
  const channels = Array.from({ length: 256 }, (_, id) => link.open(id, PEER));
  channels[7]?.destroy();
  clock.advance(1000 * CONFIRMED_WITHIN_MS);
  assert.equal(link.freeId(), undefined);
  await upTo(scene, CLOSE, 7);
  peer.send(CLOSE, 7);
  peer.send(CLOSE, 8);
  assert.deepEqual(await peer.frame(), { command: CLOSE, id: 8, payload: Buffer.alloc(0) });
  assert.equal(link.freeId(), 7);
});

test("a peer that sends or answers a PING gets one HELLO, before the first answer; no other gets any", async (t) => {
  for (const sign of [PING, PONG]) {
    const scene = await open(t);
    const { link, peer } = scene;
    link.startPinging();
    await readSoFar(scene);
    assert.deepEqual(await peer.frame(), { command: PING, id: 0, payload: Buffer.alloc(0) });
    for (let count = 0; count < 3; count += 1) peer.send(sign, 0);
    await readSoFar(scene);
    link.send({ kind: "listen" });
    const frames: number[] = [];
    for (let next = await peer.frame(); next.command !== LISTEN; next = await peer.frame()) frames.push(next.command);
    assert.deepEqual(frames, sign === PING ? [HELLO, PONG, PONG, PONG] : [HELLO]);
  }
});

test("the abilities of the peer are those of its HELLO", async (t) => {
  const scene = await open(t);
  const { link, peer, told } = scene;
  assert.equal(link.peer.can("fin"), false);
  peer.send(HELLO, 0, "fin tricks");
  await readSoFar(scene);
  assert.deepEqual([link.peer.can("fin"), link.peer.can("credit")], [true, false]);
  assert.deepEqual(told, ["hello", "listen"]);
});

test("a paused client that closes causes no further PAUSE or RESUME", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  peer.send(PING, 0);
  const [here, there] = [link.open(0, PEER), link.open(1, PEER)];
  for (const { id } of [here, there]) {
    for (let sent = 0; sent < 300_000; sent += 60_000) peer.send(DATA, id, Buffer.alloc(60_000));
    await upTo(scene, PAUSE, id);
  }
  here.destroy();
  peer.send(CLOSE, 1);
  assert.deepEqual(await upTo(scene, CLOSE, 0), []);
  assert.deepEqual(await upTo(scene, CLOSE, 1), []);
  there.resume();
  link.send({ kind: "listen" });
  assert.deepEqual(await upTo(scene, LISTEN, 0), []);
  const next = link.open(1, PEER);
  for (let sent = 0; sent < 300_000; sent += 60_000) peer.send(DATA, 1, Buffer.alloc(60_000));
  await upTo(scene, PAUSE, 1);
  next.resume();
  assert.deepEqual(await upTo(scene, RESUME, 1), []);
});

test("a client paused while it sends sends nothing more until RESUME", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const channel = link.open(0, PEER);
  peer.send(PING, 0);
  await peer.expect(PONG, 0);
  await peer.expect(PING, 0);
  channel.write(Buffer.alloc(100_000));
  const before = link.bytes.sent;
  peer.send(PAUSE, 0);
  for (let pings = 0; pings < 10; pings += 1) peer.send(PONG, 0);
  await readSoFar(scene);
  assert.equal(link.bytes.sent, before);
  assert.ok(channel.unsent > 0);
  peer.send(RESUME, 0);
  await until(() => link.bytes.sent > before, "the rest");
});

test("a client whose bytes the kernel does not take yet is told when it has", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const { channel, ends } = listen(link, 0);
  peer.client.socket.pause();
  let writes = 0;
  while (ends.length === writes) {
    assert.ok(writes < 5000, "the kernel takes everything");
    channel.write(Buffer.alloc(10_000));
    writes += 1;
  }
  assert.equal(channel.unsent, 0, "it is not the link's turns that it waits for");
  peer.client.socket.resume();
  await until(() => ends.length === writes, "the kernel to take it");
  assert.ok(ends.every((end) => end === "drained"));
});

/** Makes the link wait for a client that does not read and that the peer has closed. */
async function waitsForClosed(scene: Scene): Promise<Channel> {
  const { link, clock, peer } = scene;
  const channel = link.open(0, PEER);
  for (let sent = 0; sent < MAX_PENDING; sent += MAX_PENDING / 8) peer.send(DATA, 0, Buffer.alloc(MAX_PENDING / 8));
  await until(() => channel.pending === MAX_PENDING, "all of it");
  peer.write(Buffer.concat([frame(DATA, 0, "!"), frame(CLOSE, 0)])); // few bytes: the link reads them at once
  await until(() => link.status("").clients === 0, "the link to have read that");
  assert.equal(clock.pending, 1);
  return channel;
}

test("a client that keeps the link waiting is given up, though the peer has closed it: another client may have its id", async (t) => {
  const scene = await open(t);
  const { link, clock, told, peer } = scene;
  const closed = await waitsForClosed(scene);
  const ends: string[] = [];
  closed.events = { ...IGNORE_EVENTS, closed: (error) => ends.push(error?.message ?? "") };
  const next = listen(link, 0);
  clock.advance(STALL_MS);
  assert.deepEqual(told, ["stalled 0"]);
  assert.deepEqual(ends, ["the client has not read for 5 s, and the others had to wait"]);
  peer.send(DATA, 0, "for the next");
  await readSoFar(scene);
  assert.equal(next.text(), "for the next");
  assert.equal(peer.client.bytes.length, 0);
});

test("after the end of the link a client that was closed before still gets its bytes, however late", async (t) => {
  const scene = await open(t);
  const { link, clock, told } = scene;
  const closed = await waitsForClosed(scene);
  link.close("enough");
  clock.advance(STALL_MS);
  assert.deepEqual(told, ["lost: enough"]);
  assert.equal(closed.pending, MAX_PENDING + 1);
});

test("bytes for a closed client are dropped: another client may have its id", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const [left, closed] = [link.open(0, PEER), link.open(1, PEER)];
  left.destroy();
  await upTo(scene, CLOSE, 0);
  closed.write("before");
  assert.equal((await peer.expect(DATA, 1)).toString(), "before");
  peer.send(PAUSE, 1);
  await readSoFar(scene);
  closed.write("held");
  for (const id of [0, 1]) peer.send(CLOSE, id);
  await readSoFar(scene);
  const next = [link.open(0, PEER), link.open(1, PEER)];
  for (const old of [left, closed]) old.write("late");
  for (const [id, channel] of next.entries()) {
    channel.write("new");
    assert.deepEqual(await peer.frame(), { command: DATA, id, payload: Buffer.from("new") });
  }
});

test("a client that ends with bytes to send has finished only after they are sent", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const { channel, ends } = listen(link, 0);
  peer.send(PAUSE, 0);
  await readSoFar(scene);
  channel.write("the rest");
  channel.end();
  await readSoFar(scene);
  assert.deepEqual(ends, []);
  peer.send(RESUME, 0);
  assert.equal((await peer.expect(DATA, 0)).toString(), "the rest");
  await until(() => ends.length > 0, "it to have finished");
  assert.deepEqual(ends, ["drained", "finished"]);
});

test("while the link waits it sends no probe, and its peer does not count as silent", async (t) => {
  const scene = await open(t, { probeMs: 4000 });
  const { link, clock, told, peer } = scene;
  const slow = link.open(0, PEER);
  for (let sent = 0; sent < 300_000; sent += 60_000) peer.send(DATA, 0, Buffer.alloc(60_000));
  await until(() => slow.pending === 300_000, "all of it");
  peer.send(LISTEN, 0);
  clock.advance(4500);
  slow.resume();
  clock.advance(3900); // the link checks at 8000 ms
  await until(() => told.includes("listen"), "the rest");
  assert.equal(peer.client.bytes.length, 0);
});

/** Takes frames until they hold so many bytes of clients; returns the number of pings among them. */
async function takeBytes({ peer }: Scene, count: number, onPing = () => {}): Promise<{ bytes: number; pings: number }> {
  let [bytes, pings] = [0, 0];
  while (bytes < count) {
    const { command, payload } = await peer.frame();
    if (command === DATA) bytes += payload.length;
    if (command !== PING) continue;
    pings += 1;
    onPing();
  }
  return { bytes, pings };
}

test("while the link waits it keeps sending without pongs; late pongs say nothing about the path", async (t) => {
  const scene = await open(t);
  const { link, clock, peer } = scene;
  const [slow, busy] = [link.open(0, PEER), link.open(1, PEER)];
  peer.send(PING, 0);
  await peer.expect(PONG, 0);
  busy.write(Buffer.alloc(400_000));
  await takeBytes(scene, 400_000, () => {
    clock.advance(1);
    peer.send(PONG, 0);
  });
  busy.write(Buffer.alloc(1_000_000)); // more than the window
  const before = await takeBytes(scene, 150_000);
  for (let sent = 0; sent < 68_000_000; sent += 60_000) peer.send(DATA, 0, Buffer.alloc(60_000));
  const rest = await takeBytes(scene, 1_000_000 - before.bytes);
  assert.ok(slow.pending > 67_108_864, "it waits");
  clock.advance(STALL_MS - 1);
  slow.resume();
  for (let { pings } = rest; pings + before.pings > 0; pings -= 1) peer.send(PONG, 0);
  await readSoFar(scene);
  busy.write(Buffer.alloc(400_000));
  await takeBytes(scene, 150_000);
});

test("when a late pong leaves bytes in flight, they have pings; otherwise sending would stop", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { link, clock, peer } = scene;
  const channel = link.open(0, PEER);
  const answer = (): void => {
    clock.advance(1);
    peer.send(PONG, 0);
  };
  peer.send(PING, 0);
  await peer.expect(PONG, 0);
  channel.write(Buffer.alloc(400_000));
  await takeBytes(scene, 400_000, answer); // the window is that much larger now
  await readSoFar(scene);
  clock.advance(PROBE_MS);
  channel.write(Buffer.alloc(100_000));
  assert.equal((await takeBytes(scene, 100_000)).pings, 1, "the probe");
  clock.advance(PROBE_MS / 10);
  answer();
  await readSoFar(scene);
  channel.write("hello");
  await takeBytes(scene, 5, answer);
});

test("a client closed with bytes to send: its writer waits no longer, or has finished", async (t) => {
  const scene = await open(t);
  const { link, peer } = scene;
  const [ending, other] = [listen(link, 0), listen(link, 1)];
  for (const { channel } of [ending, other]) peer.send(PAUSE, channel.id);
  await readSoFar(scene);
  for (const { channel } of [ending, other]) channel.write("not sent");
  ending.channel.end();
  await readSoFar(scene);
  assert.deepEqual([ending.ends, other.ends], [[], []]);
  for (const { channel } of [ending, other]) {
    peer.send(CLOSE, channel.id);
    await readSoFar(scene);
    assert.equal(channel.unsent, 0);
  }
  for (const { channel } of [ending, other]) {
    channel.pause();
    channel.resume();
  }
  assert.deepEqual(ending.ends, ["eof", "drained", "finished"]);
  assert.deepEqual(other.ends, ["eof", "drained"]);
});

test("a client that keeps the link waiting and is closed here keeps nobody waiting any more", async (t) => {
  const scene = await open(t);
  const { link, clock, told, peer } = scene;
  const channel = link.open(0, PEER);
  for (let sent = 0; sent < 300_000; sent += 60_000) peer.send(DATA, 0, Buffer.alloc(60_000));
  await until(() => channel.pending === 300_000, "all of it");
  peer.send(DATA, 0, "too late");
  channel.destroy();
  assert.equal(clock.pending, 0);
  await readSoFar(scene);
  assert.deepEqual([channel.pending, told], [0, ["listen"]]);
});

test("a link with a session that finds its peer silent waits for another connection, asks nothing meanwhile, and asks anew then", async (t) => {
  const scene = await open(t, { probeMs: PROBE_MS });
  const { link, clock, peer, told } = scene;
  peer.send(PING, 0);
  await readSoFar(scene);
  link.connection.beginSession({ id: Buffer.alloc(16, 1), resumeMs: 100 * PROBE_MS }, true, {
    cut: (reason) => told.push(`cut: ${reason}`),
    resumed: (afterMs) => told.push(`resumed after ${afterMs}`),
  });
  const { channel, ends } = listen(link, 3);
  for (const _ of [1, 2, 3]) clock.advance(PROBE_MS);
  await peer.ended();
  assert.match(told.at(-1) ?? "", /^cut: silent for /);
  assert.deepEqual([channel.awaitsTurn, ends], [true, []], "the silence of the other side proves nothing");
  clock.advance(10 * PROBE_MS);
  const { end, peer: again } = await socketEnd(t);
  assert.ok(link.connection.session?.goOn(end, 0));
  assert.match(told.at(-1) ?? "", /^resumed after /);
  assert.equal(channel.awaitsTurn, false);
  clock.advance(PROBE_MS / 2);
  assert.match(told.at(-1) ?? "", /^resumed/, "it has just been heard");
  for (const _ of [1, 2, 3]) clock.advance(PROBE_MS);
  await until(() => again.closed || again.ended, "the silent connection to be given up");
  assert.match(told.at(-1) ?? "", /^cut: silent for /);
  link.close("enough");
  assert.deepEqual(told.at(-1), "lost: enough");
});
