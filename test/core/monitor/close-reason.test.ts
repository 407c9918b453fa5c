import assert from "node:assert/strict";
import { test } from "node:test";
import { type Close, closeOf } from "#src/core/monitor/close-reason.js";
import { endedBy } from "#src/sockets/end.js";

const RESET = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const CLOSES: readonly (readonly [reason: string, close: Close])[] = [
  [endedBy("client"), { first: "up", isReset: false }],
  [endedBy("remote"), { first: "down", isReset: false }],
  [endedBy("client", RESET), { first: "up", isReset: true }],
  [endedBy("remote", RESET), { first: "down", isReset: true }],
  ["daemon stops", { first: "down", isReset: false }],
];

for (const [reason, close] of CLOSES) {
  test(`who has closed: ${reason}`, () => assert.deepEqual(closeOf(reason), close));
}
