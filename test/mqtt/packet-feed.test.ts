import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { test } from "node:test";
import { PacketSieve } from "#src/core/mqtt/packet-sieve.js";
import { PacketFeed } from "#src/mqtt/packet-feed.js";
import { until } from "../support/wait.js";

const PACKETS = 40;
const BYTES = Buffer.concat([Buffer.of(0x20, 0), ...Array<Buffer>(PACKETS - 1).fill(Buffer.of(0xd0, 0))]);

class FakeSocket extends EventEmitter {
  readonly destroyed = false;
  writableNeedDrain = false;
  isPaused = false;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.emit("resumed");
  }
}

function busyReader(readMs: number) {
  const got: Buffer[] = [];
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    const until = performance.now() + readMs;
    while (performance.now() < until);
    got.push(chunk);
    done();
  };
  return { got, stream: new Writable({ write }) };
}

test("packets that take long are read in several passes of the event loop, and the socket is not read meanwhile", async () => {
  const socket = new FakeSocket();
  const { got, stream } = busyReader(1);
  new PacketFeed(socket as never as Socket, new PacketSieve(10), stream, assert.fail);
  socket.emit("data", BYTES);
  await new Promise(setImmediate);
  assert.ok(got.length < PACKETS, `${got.length} in one pass`);
  assert.ok(socket.isPaused);
  await once(socket, "resumed");
  assert.deepEqual(Buffer.concat(got), BYTES);
});

test("a broker that takes nothing is not read, and one that sends what is not due is told once", async () => {
  const socket = new FakeSocket();
  const { got, stream } = busyReader(0);
  const lost: string[] = [];
  new PacketFeed(socket as never as Socket, new PacketSieve(10), stream, (why) => lost.push(why));
  socket.writableNeedDrain = true;
  socket.emit("data", BYTES);
  assert.equal(got.length, 0);
  socket.writableNeedDrain = false;
  socket.emit("drain");
  await once(socket, "resumed");
  assert.equal(got.length, PACKETS);
  socket.emit("data", Buffer.of(0x62, 0, 0x62, 0));
  await until(() => lost.length > 0, "the reason"); // in the next slice of time, where this one is over
  assert.equal(lost.length, 1);
  assert.equal(socket.isPaused, true);
});
