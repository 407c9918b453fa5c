import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describePdu, wordsOf } from "#src/core/decode/modbus.js";

const words = (pdu: string, direction: "up" | "down"): string | undefined => {
  const parts = describePdu(Buffer.from(pdu.replaceAll(" ", ""), "hex"), direction);
  return parts && wordsOf(parts);
};

/** The examples of the specification, chapter 6, and messages that are short or odd. */
const table: [direction: "up" | "down", pdu: string, expected: string | undefined][] = [
  ["up", "01 0013 0013", "function 1 (read coils), address 19, count 19"],
  ["down", "01 03 cd6b05", "function 1 (read coils), byte count 3, data cd 6b 05"],
  ["up", "02 00c4 0016", "function 2 (read discrete inputs), address 196, count 22"],
  ["down", "02 03 acdb35", "function 2 (read discrete inputs), byte count 3, data ac db 35"],
  ["up", "03 006b 0003", "function 3 (read holding registers), address 107, count 3"],
  ["down", "03 06 022b 0000 0064", "function 3 (read holding registers), byte count 6, values 555 0 100"],
  ["up", "04 0008 0001", "function 4 (read input registers), address 8, count 1"],
  ["down", "04 02 000a", "function 4 (read input registers), byte count 2, values 10"],
  ["up", "05 00ac ff00", "function 5 (write single coil), address 172, value on"],
  ["down", "05 00ac 0000", "function 5 (write single coil), address 172, value off"],
  ["up", "05 00ac 1234", "function 5 (write single coil), address 172, value 12 34"],
  ["up", "06 0001 0003", "function 6 (write single register), address 1, value 3"],
  ["down", "06 0001 0003", "function 6 (write single register), address 1, value 3"],
  ["up", "07", "function 7 (read exception status)"],
  ["down", "07 6d", "function 7 (read exception status), status 109"],
  ["up", "08 0000 a537", "function 8 (diagnostics), sub function 0, data a5 37"],
  ["down", "0b ffff 0108", "function 11 (get comm event counter), status ff ff, event count 264"],
  [
    "down",
    "0c 08 0000 0108 0121 2000",
    "function 12 (get comm event log), byte count 8, status 00 00, event count 264, message count 289, events 20 00",
  ],
  ["up", "0f 0013 000a 02 cd01", "function 15 (write multiple coils), address 19, count 10, byte count 2, data cd 01"],
  ["down", "0f 0013 000a", "function 15 (write multiple coils), address 19, count 10"],
  [
    "up",
    "10 0001 0002 04 000a 0102",
    "function 16 (write multiple registers), address 1, count 2, byte count 4, values 10 258",
  ],
  ["down", "10 0001 0002", "function 16 (write multiple registers), address 1, count 2"],
  ["up", "11", "function 17 (report server id)"],
  ["down", "11 02 01ff", "function 17 (report server id), byte count 2, data 01 ff"],
  ["up", "14 07 06000400010002", "function 20 (read file record), byte count 7, data 06 00 04 00 01 00 02"],
  ["up", "15 02 0600", "function 21 (write file record), byte count 2, data 06 00"],
  ["up", "16 0004 00f2 0025", "function 22 (mask write register), address 4, and mask 00 f2, or mask 00 25"],
  [
    "up",
    "17 0003 0006 000e 0003 06 00ff00ff00ff",
    "function 23 (read/write multiple registers), read address 3, read count 6, write address 14, write count 3, byte count 6, values 255 255 255",
  ],
  ["down", "17 02 00fe", "function 23 (read/write multiple registers), byte count 2, values 254"],
  ["up", "18 04de", "function 24 (read fifo queue), address 1246"],
  ["down", "18 0006 0002 01b8 1284", "function 24 (read fifo queue), byte count 6, fifo count 2, values 440 4740"],
  ["up", "2b 0e 0100", "function 43 (encapsulated interface transport), mei type 14, data 01 00"],
  ["down", "81 01", "function 1 (read coils), exception 1 (illegal function)"],
  ["down", "83 02", "function 3 (read holding registers), exception 2 (illegal data address)"],
  ["down", "84 03", "function 4 (read input registers), exception 3 (illegal data value)"],
  ["down", "90 04", "function 16 (write multiple registers), exception 4 (server device failure)"],
  ["down", "86 05", "function 6 (write single register), exception 5 (acknowledge)"],
  ["down", "86 06", "function 6 (write single register), exception 6 (server device busy)"],
  ["down", "94 08", "function 20 (read file record), exception 8 (memory parity error)"],
  ["down", "83 0a", "function 3 (read holding registers), exception 10 (gateway path unavailable)"],
  ["down", "83 0b", "function 3 (read holding registers), exception 11 (gateway target device failed to respond)"],
  ["down", "83 07", "function 3 (read holding registers), exception 7"],
  ["down", "c1 01 05", "function 65, exception 1 (illegal function), surplus 05"],
  ["down", "83", "function 3 (read holding registers)"],
  ["up", "83 02", "function 131, data 02"],
  ["up", "41 0102", "function 65, data 01 02"],
  ["up", "00", "function 0"],
  ["up", "03 006b 00", "function 3 (read holding registers), address 107, surplus 00"],
  ["up", "03 00", "function 3 (read holding registers), surplus 00"],
  ["up", "03", "function 3 (read holding registers)"],
  ["up", "03 006b 0003 ff", "function 3 (read holding registers), address 107, count 3, surplus ff"],
  ["down", "03 02 012", "function 3 (read holding registers), byte count 2, values 01"],
  ["up", "", undefined],
];
for (const [direction, pdu, expected] of table) {
  test(`${direction === "up" ? "request" : "answer"} ${pdu || "of nothing"}: ${expected}`, () => {
    assert.equal(words(pdu, direction), expected);
  });
}

test("parts have numbers for programs", () => {
  assert.deepEqual(describePdu(Buffer.from("8302", "hex"), "down"), {
    function: 3,
    functionName: "read holding registers",
    exception: 2,
    exceptionName: "illegal data address",
  });
});

test("every byte of a PDU is somewhere in its description", () => {
  const pdu = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((list) => Buffer.from(list));
  fc.assert(
    fc.property(pdu, fc.constantFrom("up" as const, "down" as const), (bytes, direction) => {
      const parts = describePdu(bytes, direction);
      assert.ok(parts !== undefined);
      const longer = describePdu(Buffer.concat([bytes, Buffer.of(0x5a)]), direction);
      assert.notDeepEqual(longer, parts);
    }),
  );
});
