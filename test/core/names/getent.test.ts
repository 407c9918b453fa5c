import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGetent } from "#src/core/names/getent.js";

const FOUR = "127.0.0.1       STREAM hub\n127.0.0.1       DGRAM  \n10.0.0.1       STREAM \n";
const SIX = "fe80::1%eth0    STREAM hub\n::ffff:127.0.0.1 STREAM hub\nfd00::1    STREAM \n";

test("each address once, in the order of the system; no IPv4 address in the clothes of IPv6", () => {
  assert.deepEqual(parseGetent(FOUR, 4), [
    { address: "127.0.0.1", family: 4 },
    { address: "10.0.0.1", family: 4 },
  ]);
  assert.deepEqual(parseGetent(SIX, 6), [
    { address: "fe80::1%eth0", family: 6 },
    { address: "fd00::1", family: 6 },
  ]);
  assert.deepEqual(parseGetent("", 4), []);
  assert.deepEqual(parseGetent("usage: getent [options]\n", 4), []);
});
