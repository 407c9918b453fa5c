import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader } from "#src/core/tunnel/frame-reader.js";
import { commandOf, HEADER, PAYLOAD_MAX, type TunnelCommand } from "#src/core/tunnel/frames.js";
import { frame } from "../../support/tunnel.js";

/** The commands in text; DATA frames of one client that follow each other are one, since a frame may come in parts. */
function shown(commands: readonly TunnelCommand[]): string[] {
  const texts: string[] = [];
  for (const command of commands) {
    const text =
      command.kind === "data"
        ? `data ${command.client} ${command.bytes.toString("hex")}`
        : JSON.stringify(command, (_, value) => (value instanceof Set ? [...value] : value));
    const last = texts.at(-1);
    if (command.kind === "data" && last?.startsWith(`data ${command.client} `))
      texts[texts.length - 1] = last + command.bytes.toString("hex");
    else texts.push(text);
  }
  return texts;
}

function copied<C extends { readonly bytes: Buffer }>(command: C): C {
  return { ...command, bytes: Buffer.from(command.bytes) };
}

const frames = fc.array(
  fc.record({
    code: fc.oneof(fc.constant(3), fc.nat(20), fc.nat(255)),
    client: fc.nat(2),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 12 },
);

const sizeList = fc.array(fc.integer({ min: 1, max: 40 }));

test("the commands of a stream do not depend on its chunks, nor on whether they are taken before the next chunk", () => {
  fc.assert(
    fc.property(frames, sizeList, fc.array(fc.boolean()), fc.nat(300), (list, sizes, takes, wholeUpTo) => {
      const whole = list.map(({ code, client, payload }) => frame(code, client, Buffer.from(payload)));
      const stream = Buffer.concat(whole);
      const reader = new FrameReader(wholeUpTo);
      const commands: TunnelCommand[] = [];
      const takeAll = (): void => {
        for (let next = reader.take(); next !== undefined; next = reader.take())
          commands.push(next.kind === "data" || next.kind === "secret" ? copied(next) : next);
      };
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % Math.max(1, sizes.length)] ?? stream.length;
        const chunk = Buffer.from(stream.subarray(at, at + size));
        reader.push(chunk);
        if (takes[turn % Math.max(1, takes.length)] ?? true) {
          takeAll();
          chunk.fill(0xee); // its memory is free again
        }
        assert.ok(reader.held <= HEADER + PAYLOAD_MAX);
        at += size;
      }
      takeAll();
      assert.deepEqual(shown(commands), shown(whole.map((bytes) => commandOf(bytes))));
      assert.equal(reader.held, 0);
    }),
  );
});

test("the bytes of DATA are views of the chunk, as far as they have come", () => {
  const reader = new FrameReader();
  const bytes = frame(3, 7, Buffer.alloc(PAYLOAD_MAX, "x"));
  const first = bytes.subarray(0, 1000);
  reader.push(first);
  const command = reader.take();
  assert.ok(command?.kind === "data" && command.bytes.buffer === bytes.buffer);
  assert.equal(command.bytes.length, 1000 - HEADER);
  assert.equal(reader.take(), undefined);
  assert.equal(reader.held, 0);
  reader.push(bytes.subarray(1000));
  const rest = reader.take();
  assert.ok(rest?.kind === "data" && rest.client === 7 && rest.bytes.length === PAYLOAD_MAX + HEADER - 1000);
});

test("DATA that may be one message comes whole, wherever the chunks are cut", () => {
  const messages = ["first", "second", "x".repeat(16_384)];
  const stream = Buffer.concat(messages.map((text) => frame(3, 7, text)));
  for (const cut of [1, 4, 6, 9, 13, 14, 20, 25, 5000]) {
    const reader = new FrameReader();
    const got: string[] = [];
    for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
      reader.push(Buffer.from(chunk));
      for (let next = reader.take(); next?.kind === "data"; next = reader.take()) got.push(next.bytes.toString());
    }
    assert.equal(got.join(""), messages.join(""));
    const ends = messages.map((_, index) => messages.slice(0, index + 1).join("").length);
    for (let at = 0, index = 0; index < got.length; index += 1) {
      at += (got[index] as string).length;
      assert.ok(ends.includes(at), `cut at ${cut}: a message is split at ${at}`);
    }
  }
});

test("a frame that never ends is kept up to its size, and no further", () => {
  const reader = new FrameReader();
  const bytes = frame(10, 0, Buffer.alloc(PAYLOAD_MAX, "x"));
  for (let at = 0; at < bytes.length - 1; at += 1000) {
    reader.push(bytes.subarray(at, Math.min(at + 1000, bytes.length - 1)));
    assert.equal(reader.take(), undefined);
  }
  assert.equal(reader.held, HEADER + PAYLOAD_MAX - 1);
  reader.push(bytes.subarray(-1));
  assert.equal(reader.take()?.kind, "hello");
  assert.equal(reader.held, 0);
});
