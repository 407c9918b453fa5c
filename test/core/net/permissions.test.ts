import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { localDenialReason, stopDenialReason } from "#src/core/net/permissions.js";
import { from } from "../../support/origin.js";

const stops: ["local" | "any" | "never", string, boolean][] = [
  ["local", "127.0.0.1", true],
  ["local", "::1", true],
  ["local", "192.168.0.20", false],
  ["local", "2001:db8::1", false],
  ["any", "192.168.0.20", true],
  ["never", "127.0.0.1", false],
];
for (const [stop, address, may] of stops) {
  test(`with stop=${stop} ${address} ${may ? "may" : "may not"} stop the daemon`, () =>
    assert.equal(stopDenialReason(stop, from(address)) === undefined, may));
}

test("only clients on this machine have a local permission", () => {
  assert.equal(localDenialReason(from("127.0.0.1")), undefined);
  assert.match(localDenialReason(from("192.168.0.20")) ?? "", /not from another machine/);
});

test("a client without an address of its own lacks every permission that is for this machine", () => {
  assert.match(localDenialReason(sharedOrigin("mux port 5020")) ?? "", /not from another machine/);
  assert.match(stopDenialReason("local", sharedOrigin("mux port 5020")) ?? "", /stop=any/);
});
