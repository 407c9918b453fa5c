import assert from "node:assert/strict";
import { test } from "node:test";
import { DEAF } from "#src/ends/end.js";
import { Channel, type ChannelOwner } from "#src/tunnel/channel.js";

const NOBODY: ChannelOwner = { wants() {}, pending() {}, ended() {}, closed() {} };

/** A client that does not read yet, and what it has read since. */
function halted(): { readonly channel: Channel; readonly read: string[] } {
  const channel = new Channel(0, { host: "127.0.0.1", port: 23 }, NOBODY);
  const read: string[] = [];
  channel.events = { ...DEAF, data: (chunk) => read.push(chunk.toString()) };
  return { channel, read };
}

test("what waits counts by the memory that it takes: many small pieces are no way round the limit", () => {
  const { channel, read } = halted();
  for (let count = 0; count < 1000; count += 1) channel.deliver(Buffer.from("x"));
  assert.ok(channel.pending >= 100_000, `${channel.pending}`);
  channel.deliver(Buffer.alloc(50_000, "y"));
  channel.resume();
  assert.equal(read.join(""), "x".repeat(1000) + "y".repeat(50_000));
  assert.equal(channel.pending, 0);
});

test("pieces of no bytes are not kept", () => {
  const { channel, read } = halted();
  for (let count = 0; count < 1000; count += 1) channel.deliver(Buffer.alloc(0));
  assert.equal(channel.pending, 0);
  channel.resume();
  assert.deepEqual(read, []);
});
