import assert from "node:assert/strict";
import { test } from "node:test";
import { LoginLimit, OF_ONE } from "#src/core/web/login-limit.js";

function failed(limit: LoginLimit, address: string, times = 10, now = 0): void {
  for (let count = 0; count < times; count += 1) limit.failed(address, now);
}

test("ten wrong logins are free, then one in ten seconds", () => {
  const limit = new LoginLimit(OF_ONE);
  failed(limit, "192.0.2.7", 9);
  assert.equal(limit.waitMs("192.0.2.7", 0), 0);
  limit.failed("192.0.2.7", 0);
  assert.deepEqual([limit.waitMs("192.0.2.7", 0), limit.waitMs("192.0.2.7", 4000)], [10_000, 6000]);
  assert.equal(limit.waitMs("192.0.2.7", 10_000), 0);
  assert.equal(limit.waitMs("192.0.2.8", 0), 0);
  failed(limit, "192.0.2.7", 1, 10_000);
  assert.equal(limit.waitMs("192.0.2.7", 10_000), 10_000);
  failed(limit, "192.0.2.7", 10, 1_000_000);
  assert.equal(limit.waitMs("192.0.2.7", 1_000_000), 10_000, "no more than ten are saved up");
});

test("of IPv6 a network of 64 bits counts as one", () => {
  const limit = new LoginLimit(OF_ONE);
  failed(limit, "2001:db8::1");
  for (const address of ["2001:db8::2", "2001:db8:0:0:a:b:c:d", "2001:db8:0:0::%eth0"]) {
    assert.ok(limit.waitMs(address, 0) > 0, address);
  }
  for (const address of ["2001:db8:0:1::1", "2001:db8:1::1", "::1"]) assert.equal(limit.waitMs(address, 0), 0, address);
});

test("memory is bounded: the address that failed longest ago is forgotten", () => {
  const limit = new LoginLimit(OF_ONE);
  failed(limit, "first");
  failed(limit, "second");
  for (let count = 0; count < 998; count += 1) limit.failed(`other ${count}`, 0);
  limit.failed("first", 0);
  limit.failed("one more", 0);
  assert.deepEqual([limit.waitMs("first", 0) > 0, limit.waitMs("second", 0)], [true, 0]);
});
