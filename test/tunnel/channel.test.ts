import assert from "node:assert/strict";
import { test } from "node:test";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import type { Channel } from "#src/tunnel/channel.js";
import { channelOf } from "../support/channel-owner.js";

/** A client that does not read yet, and the bytes it has read since. */
function halted(): { readonly channel: Channel; readonly read: string[] } {
  const channel = channelOf(0);
  const read: string[] = [];
  channel.events = { ...IGNORE_EVENTS, data: (chunk) => read.push(chunk.toString()) };
  return { channel, read };
}

test("small pieces pass together: each would cost the client a write of its own", () => {
  const { channel, read } = halted();
  for (let count = 0; count < 1000; count += 1) channel.deliver(Buffer.from("x"));
  channel.deliver(Buffer.alloc(50_000, "y"));
  assert.equal(channel.pending, 51_000);
  channel.resume();
  assert.deepEqual(
    read.map((text) => [text[0], text.length]),
    [
      ["x", 1000],
      ["y", 50_000],
    ],
  );
  assert.equal(channel.pending, 0);
});

test("empty pieces are not kept", () => {
  const { channel, read } = halted();
  for (let count = 0; count < 1000; count += 1) channel.deliver(Buffer.alloc(0));
  assert.equal(channel.pending, 0);
  channel.resume();
  assert.deepEqual(read, []);
});
