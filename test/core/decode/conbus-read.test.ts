import assert from "node:assert/strict";
import { test } from "node:test";
import { isBlank, readKey, replyKey } from "#src/core/decode/conbus-read.js";
import { telegram } from "../../support/protocols.js";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

const wrong = (text: string): Buffer => {
  const bytes = telegram(text);
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
  return bytes;
};

const reads: [what: string, bytes: Buffer, key: string | undefined][] = [
  ["a datapoint of a module", telegram("S0020030837F02D12"), "0020030837F02D12"],
  ["another one", telegram("S0020030837F02D1A"), "0020030837F02D1A"],
  ["of all modules", telegram("S0000000000F02D12"), undefined],
  ["a discovery", telegram("S0000000000F01D00"), undefined],
  ["an action", telegram("S0020030837F27D00AA"), undefined],
  ["a write", telegram("S0020030837F04D1201"), undefined],
  ["more behind the datapoint", telegram("S0020030837F02D1201"), undefined],
  ["no datapoint", telegram("S0020030837F02"), undefined],
  ["a serial number too short", telegram("S020030837F02D12"), undefined],
  ["a serial number of letters", telegram("S002003083XF02D12"), undefined],
  ["a wrong checksum", wrong("S0020030837F02D12"), undefined],
  ["a reply", telegram("R0020030837F02D12"), undefined],
  ["an event", telegram("E14L00I02M"), undefined],
];
for (const [what, bytes, key] of reads) {
  test(`what is read: ${what}: ${key ?? "nothing"}`, () => assert.equal(readKey(bytes), key));
}

const replies: [what: string, bytes: Buffer, key: string | undefined][] = [
  ["a value", telegram("R0020030837F02D12+21,5§C"), "0020030837F02D12"],
  ["a value of any bytes", telegram("R0020030837F02D12\r\n\x00\xff"), "0020030837F02D12"],
  ["no value", telegram("R0020030837F02D12"), "0020030837F02D12"],
  ["of no module", telegram("R0000000000F02D1200"), undefined],
  ["done", telegram("R0020030837F18D"), undefined],
  ["not done", telegram("R0020030837F19D"), undefined],
  ["the reply to a discovery", telegram("R0020030837F01D"), undefined],
  ["a wrong checksum", wrong("R0020030837F02D1200"), undefined],
  ["a read", telegram("S0020030837F02D12"), undefined],
  ["an event", telegram("E14L00I02M"), undefined],
];
for (const [what, bytes, key] of replies) {
  test(`what a reply tells: ${what}: ${key ?? "nothing"}`, () => assert.equal(replyKey(bytes), key));
}

test("what is blank", () => {
  for (const text of ["", "\r\n", " \t\n"]) assert.ok(isBlank(latin1(text)));
  for (const text of ["x", "\r\nx", "\0", "\xa0"]) assert.ok(!isBlank(latin1(text)));
});
