import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, type TunnelCommand } from "#src/core/tunnel/frames.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import type { Channel } from "#src/tunnel/channel.js";
import { SendScheduler } from "#src/tunnel/send-scheduler.js";
import { channelOf } from "../support/channel-owner.js";
import { ManualClock } from "../support/clock.js";

const PIECE = 16_384;
const HEADER = 4;
const WINDOW = PIECE; // the smallest, which a new link has

/** A scheduler, the socket that it writes to, and clients of the link. */
function fixture() {
  const clock = new ManualClock();
  const writes: Buffer[] = [];
  const end = {
    unsent: 0,
    /** The kernel takes nothing. */
    isBusy: false,
    write(bytes: Buffer | string): void {
      writes.push(Buffer.from(bytes));
      if (this.isBusy) this.unsent += bytes.length;
    },
  };
  const scheduler = new SendScheduler(end, clock);
  const owner = { wantsToSend: (channel: Channel) => scheduler.schedule(channel) };
  const open = (id: number): { readonly channel: Channel; readonly drained: () => number } => {
    const channel = channelOf(id, owner);
    let count = 0;
    channel.events = {
      ...IGNORE_EVENTS,
      drained() {
        count += 1;
      },
    };
    return { channel, drained: () => count };
  };
  /** What has been written since: the commands of all frames, in order. */
  const sent = (): TunnelCommand[] => {
    const bytes = Buffer.concat(writes.splice(0));
    const commands: TunnelCommand[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = HEADER + bytes.readUInt16BE(at);
      commands.push(commandOf(bytes.subarray(at, at + length)));
      at += length;
    }
    return commands;
  };
  const setBusy = (isBusy: boolean): void => {
    end.isBusy = isBusy;
    if (isBusy || end.unsent === 0) return;
    end.unsent = 0;
    scheduler.drained();
  };
  return { scheduler, clock, end, open, sent, writes, setBusy };
}

/** The DATA among commands, as `client:bytes`. */
function data(commands: readonly TunnelCommand[]): string[] {
  return commands.flatMap((command) => (command.kind === "data" ? [`${command.client}:${command.bytes.length}`] : []));
}

function kinds(commands: readonly TunnelCommand[]): string[] {
  return commands.map(({ kind }) => kind);
}

test("clients take turns, a piece each; a short one waits for one piece of each of the others", () => {
  const { open, sent, setBusy } = fixture();
  const [bulk, other, short] = [open(0), open(1), open(2)];
  setBusy(true);
  bulk.channel.write(Buffer.alloc(3 * PIECE)); // its first piece is taken, and fills the kernel
  other.channel.write(Buffer.alloc(PIECE + 1));
  short.channel.write("hi");
  const order: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    order.push(...data(sent()));
    setBusy(false);
    setBusy(true);
  }
  assert.deepEqual(order.slice(0, 4), [`0:${PIECE}`, `0:${PIECE}`, `1:${PIECE}`, "2:2"]);
  assert.deepEqual(order.slice(4), [`0:${PIECE}`, "1:1"]);
});

test("a full kernel keeps data back, not commands; a client is told when the kernel has its last piece", () => {
  const { scheduler, open, sent, setBusy } = fixture();
  const { channel, drained } = open(0);
  setBusy(true);
  channel.write("one");
  assert.deepEqual([channel.unsent, drained()], [0, 0]);
  channel.write("two");
  scheduler.send({ kind: "close", client: 9 });
  assert.deepEqual(kinds(sent()), ["data", "close"]);
  setBusy(false);
  assert.deepEqual(data(sent()), ["0:3"]);
  assert.equal(drained(), 2);
});

test("a paused client sends nothing until it is resumed, and the others go on; one that has gone sends nothing", () => {
  const { scheduler, open, sent, setBusy } = fixture();
  const [paused, other, gone] = [open(0), open(1), open(2)];
  scheduler.pause(paused.channel);
  paused.channel.write("waits");
  other.channel.write("goes");
  assert.deepEqual(data(sent()), ["1:4"]);
  setBusy(true);
  other.channel.write("fills the kernel");
  gone.channel.write("too late");
  scheduler.remove(gone.channel);
  setBusy(false);
  assert.deepEqual(data(sent()), ["1:16"]);
  scheduler.resume(paused.channel);
  assert.deepEqual(data(sent()), ["0:5"]);
  scheduler.resume(other.channel);
  assert.deepEqual(sent(), []);
});

test("a client paused while it waits for its turn loses its turn", () => {
  const { scheduler, open, sent, setBusy } = fixture();
  const [first, second] = [open(0), open(1)];
  setBusy(true);
  first.channel.write("fills the kernel");
  second.channel.write("waits");
  scheduler.pause(second.channel);
  setBusy(false);
  assert.deepEqual(data(sent()), ["0:16"]);
});

test("the first PING goes out once; PONGs go out in one write, and show that the peer answers pings", () => {
  const { scheduler, sent, writes } = fixture();
  scheduler.startPinging();
  scheduler.startPinging();
  assert.deepEqual(kinds(sent()), ["ping"]);
  assert.equal(scheduler.peerAnswersPings, false);
  scheduler.sendPongs(3);
  assert.equal(scheduler.peerAnswersPings, true);
  assert.equal(writes.length, 1);
  assert.deepEqual(kinds(sent()), ["pong", "pong", "pong"]);
});

test("a side that is pinged first pings, too", () => {
  const { scheduler, sent } = fixture();
  scheduler.sendPongs(1);
  assert.deepEqual(kinds(sent()), ["pong", "ping"]);
});

test("a PONG shows that the peer answers; then no more than the window is under way, the last frame being a PING", () => {
  const { scheduler, open, sent, clock } = fixture();
  scheduler.startPinging();
  clock.advance(10);
  scheduler.pongReceived();
  sent();
  const { channel } = open(0);
  channel.write(Buffer.alloc(10 * WINDOW));
  const first = sent();
  const bytes = first.reduce((sum, command) => sum + (command.kind === "data" ? command.bytes.length : 0), 0);
  assert.ok(bytes >= 0.75 * WINDOW && bytes <= WINDOW * 1.25, `${bytes} bytes`);
  assert.equal(first.at(-1)?.kind, "ping");
  scheduler.pongReceived();
  assert.ok(data(sent()).length > 0, "the PONG opens the window");
});

test("while this side does not read, data goes out without PONGs; afterwards the window holds again", () => {
  const { scheduler, open, sent } = fixture();
  scheduler.sendPongs(1);
  const { channel } = open(0);
  channel.write(Buffer.alloc(10 * WINDOW));
  sent();
  assert.ok(channel.unsent > 0);
  scheduler.readingPaused();
  assert.equal(channel.unsent, 0);
  sent();
  scheduler.readingResumed();
  channel.write("held back");
  assert.deepEqual(data(sent()), []);
});

test("sent counts every byte, headers too", () => {
  const { scheduler, open } = fixture();
  scheduler.startPinging();
  open(0).channel.write("hello");
  scheduler.send({ kind: "listen" });
  assert.equal(scheduler.sent, 3 * HEADER + 5);
});
