import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import mqttPacket, { type IPublishPacket } from "mqtt-packet";
import { PacketSieve } from "#src/core/mqtt/packet-sieve.js";

const MAX = 300;
const CONNACK = Buffer.of(0x20, 2, 0, 0);

function message(length: number, qos: 0 | 1): Buffer {
  const packet = { cmd: "publish", topic: "p/in", payload: Buffer.alloc(length, "x"), retain: false, dup: false };
  return mqttPacket.generate({ ...packet, qos, ...(qos === 1 && { messageId: 7 }) } as IPublishPacket);
}

/** What a reader gets of these bytes behind a CONNACK, in pieces of these sizes; or why it gets nothing more. */
function sieved(bytes: Buffer, sizes: readonly number[]): Buffer | string {
  const sieve = new PacketSieve(MAX);
  const all = Buffer.concat([CONNACK, bytes]);
  const passed: Buffer[] = [];
  for (let at = 0, turn = 0; at < all.length; turn += 1) {
    const size = sizes[turn % sizes.length] as number;
    passed.push(...sieve.pass(all.subarray(at, at + size)));
    at += size;
  }
  return sieve.fault ?? Buffer.concat(passed).subarray(CONNACK.length);
}

test("messages pass, those that are too large without their end, however they come", () => {
  const messages = fc.array(fc.record({ length: fc.nat(1000), qos: fc.constantFrom<0 | 1>(0, 1) }), { maxLength: 8 });
  const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(messages, sizes, (all, pieces) => {
      const got: number[] = [];
      const parser = mqttPacket.parser();
      parser.on("packet", (packet) => {
        const { payload, messageId, qos } = packet as IPublishPacket;
        got.push(payload.length);
        assert.equal(messageId, qos === 1 ? 7 : undefined);
      });
      const bytes = Buffer.concat(all.map(({ length, qos }) => message(length, qos)));
      const passed = sieved(bytes, pieces) as Buffer;
      parser.parse(passed);
      const room = (qos: number): number => MAX - 2 - "p/in".length - 2 * qos;
      assert.deepEqual(
        got,
        all.map(({ length, qos }) => Math.min(length, room(qos))),
      );
      if (all.every(({ length, qos }) => length <= room(qos))) assert.deepEqual(passed, bytes, "as they came");
    }),
  );
});

test("another packet that is too large, what is no MQTT, and what is not due ends the reading", () => {
  for (const [bytes, fault] of [
    [[0x90, 0xff, 0xff, 0x7f, 0], /too large/],
    [[0x30, 0xff, 0xff, 0xff, 0xff, 1], /too large/],
    [[0x34, 4, 0, 0, 0, 1], /QoS 2/],
    [[0x36, 4, 0, 0, 0, 1], /QoS 3/],
    [[...CONNACK], /type 2/],
    [[0x62, 2, 0, 1], /type 6/],
    [[0x10, 0], /type 1,/],
  ] as const) {
    for (const size of [1, 9]) assert.match(String(sieved(Buffer.of(...bytes), [size])), fault);
  }
  const early = new PacketSieve(MAX);
  assert.deepEqual([...early.pass(Buffer.of(0xd0, 0))], []);
  assert.match(early.fault ?? "", /type 13/, "before the CONNACK");
});
