import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnAddress, watchAddress } from "#src/system/own-addresses.js";
import { ManualClock } from "../support/clock.js";
import { until } from "../support/wait.js";

const LOOK_MS = 5000;
const ABSENT = "192.0.2.1"; // RFC 5737: nobody's

/** A machine whose interfaces the test changes, and what the watch has told. */
function fixture() {
  const clock = new ManualClock();
  const machine = { listed: true, there: true, another: true, told: 0, tell: () => {} };
  machine.tell = () => {
    machine.told += 1;
  };
  const stop = watchAddress("10.0.0.1", clock, () => machine.tell(), {
    isOwn: () => machine.listed,
    isThere: (_address, tell) => tell(machine.there),
    hasAnother: () => machine.another,
  });
  return { clock, machine, stop };
}

test("an address that has gone is told within 5 s, once", () => {
  const { clock, machine } = fixture();
  clock.advance(100 * LOOK_MS);
  assert.equal(machine.told, 0);
  Object.assign(machine, { listed: false, there: false });
  clock.advance(LOOK_MS);
  assert.deepEqual([machine.told, clock.pending], [1, 0]);
});

test("a pulled cable is nothing, unless it stays so and another interface is there", () => {
  const { clock, machine } = fixture();
  for (let round = 0; round < 5; round += 1) {
    machine.listed = false;
    clock.advance(2 * LOOK_MS);
    machine.listed = true;
    clock.advance(LOOK_MS);
  }
  Object.assign(machine, { listed: false, another: false });
  clock.advance(100 * LOOK_MS);
  assert.equal(machine.told, 0);
  machine.another = true;
  clock.advance(LOOK_MS);
  assert.equal(machine.told, 1);
});

test("a watch that has ended tells nothing, and has no timer", () => {
  const { clock, machine, stop } = fixture();
  machine.listed = false;
  machine.there = false;
  stop();
  clock.advance(LOOK_MS);
  assert.deepEqual([machine.told, clock.pending], [0, 0]);
});

test("addresses of this machine's interfaces are its own, others are not", () => {
  assert.deepEqual([isOwnAddress("127.0.0.1"), isOwnAddress(ABSENT)], [true, false]);
});

test("this machine: the loopback address is there, an address of nobody is not", async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const stop = watchAddress("127.0.0.1", clock, () => told.push("127.0.0.1"));
  watchAddress(ABSENT, clock, () => told.push(ABSENT));
  clock.advance(LOOK_MS);
  await until(() => told.length > 0, "the kernel's answer");
  assert.deepEqual(told, [ABSENT]);
  stop();
});
