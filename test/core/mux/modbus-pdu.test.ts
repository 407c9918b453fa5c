import assert from "node:assert/strict";
import { test } from "node:test";
import { blockedWriteReply, failureReply, isRead, isShareable } from "#src/core/mux/modbus-pdu.js";

const hex = (text: string): Buffer => Buffer.from(text, "hex");

/** The functions of the specification: request, whether it only asks, whether its answer may be shared, the answer when done. */
const functions: [request: string, reads: boolean, shareable: boolean, done: string | undefined][] = [
  ["0100000001", true, true, undefined],
  ["0200000001", true, true, undefined],
  ["0300000001", true, true, undefined],
  ["0400000001", true, true, undefined],
  ["050000ff00", false, false, "050000ff00"],
  ["0600010003", false, false, "0600010003"],
  ["07", true, false, undefined],
  ["080000a537", false, false, undefined],
  ["0b", true, false, undefined],
  ["0c", true, false, undefined],
  ["0f0013000a02cd01", false, false, "0f0013000a"],
  ["100001000204000a0102", false, false, "1000010002"],
  ["11", true, false, undefined],
  ["1407060001000100ff", true, false, undefined],
  ["150d0600040007000306af04be100d", false, false, "150d0600040007000306af04be100d"],
  ["16000400f20025", false, false, "16000400f20025"],
  ["170003000600 0e0003060 0ff00ff00ff".replaceAll(" ", ""), false, false, undefined],
  ["1804de", true, false, undefined],
  ["2b0e0100", true, false, undefined],
  ["2b0d0100", false, false, undefined],
  ["41", false, false, undefined],
];
for (const [request, reads, shareable, done] of functions) {
  test(`function ${Number.parseInt(request.slice(0, 2), 16)} (${request}) ${reads ? "asks" : "writes"}`, () => {
    const pdu = hex(request);
    assert.equal(isRead(pdu), reads);
    assert.equal(isShareable(pdu), shareable);
    if (reads) return;
    const refused = Buffer.of((pdu[0] ?? 0) | 0x80, 1);
    assert.deepEqual(blockedWriteReply(pdu, "deny"), refused);
    assert.deepEqual(blockedWriteReply(pdu, "ignore"), done === undefined ? refused : hex(done));
  });
}

test("failures have the exception codes of gateways", () => {
  const told = (["queue full", "no path", "no answer", "link lost"] as const).map((why) =>
    failureReply(hex("0300000001"), why).toString("hex"),
  );
  assert.deepEqual(told, ["8306", "830a", "830b", "830b"]);
});
