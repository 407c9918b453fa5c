import assert from "node:assert/strict";
import { test } from "node:test";
import type { TunnelCommand } from "#src/core/tunnel/frames.js";
import { DeviceAuthentication } from "#src/tunnel/device-authentication.js";
import { ManualClock } from "../support/clock.js";

const LISTEN: TunnelCommand = { kind: "listen" };
const secret = (text: string): TunnelCommand => ({ kind: "secret", bytes: Buffer.from(text) });

/** The result for a device that sends these frames. */
function fate(...said: readonly TunnelCommand[]): string[] {
  const told: string[] = [];
  const authentication = new DeviceAuthentication("sesame", new ManualClock(), {
    authenticated: () => told.push("proven"),
    rejected: (reason) => told.push(reason),
  });
  for (const command of said) authentication.handle(command);
  return told;
}

test("the right secret proves a device, before it listens", () => {
  assert.deepEqual(fate(secret("sesame")), ["proven"]);
});

test("a wrong secret, or none, fails when LISTEN comes; there is no second guess", () => {
  for (const wrong of ["", "sesam", "sesame ", "SESAME", "x".repeat(65_535)]) {
    assert.deepEqual(fate(secret(wrong)), []);
    assert.deepEqual(fate(secret(wrong), secret("sesame"), LISTEN), ["its secret is wrong"]);
  }
  assert.deepEqual(fate(LISTEN), ["it did not send the secret"]);
});

test("a device that does not send the secret within 10 s is rejected; one that is authenticated or gone is not", () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const events = { authenticated() {}, rejected: (reason: string) => told.push(reason) };
  new DeviceAuthentication("sesame", clock, events);
  const other = new DeviceAuthentication("sesame", clock, events);
  clock.advance(9999);
  other.cancel();
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["no secret within 10 s"]);
  assert.equal(clock.pending, 0);
});
