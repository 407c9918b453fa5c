import assert from "node:assert/strict";
import { test } from "node:test";
import { clientName, isLocalClient, lineName, sharedOrigin } from "#src/core/net/client-origin.js";
import { from } from "../../support/origin.js";

test("a client is local when its address is a loopback address", () => {
  assert.equal(isLocalClient(from("127.0.0.1")), true);
  assert.equal(isLocalClient(from("::1")), true);
  assert.equal(isLocalClient(from("192.168.0.20")), false);
});

test("a shared connection has no address: it is local to nobody, and messages call it a shared link", () => {
  const origin = sharedOrigin(lineName("mux", { port: 5020 }));
  assert.deepEqual(origin, { address: undefined, line: "mux port 5020", hops: 0 });
  assert.equal(isLocalClient(origin), false);
  assert.equal(clientName(origin), "a shared link");
  assert.equal(clientName(from("192.168.0.20")), "192.168.0.20");
});
