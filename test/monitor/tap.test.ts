import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENT_SIDE, RELAYED, SERVER_SIDE } from "#src/core/monitor/hops.js";
import type { View } from "#src/core/monitor/view.js";
import { conbusView } from "#src/core/monitor/views/conbus-view.js";
import { hexView } from "#src/core/monitor/views/hex-view.js";
import { bytes, ONE, TWO, tapped } from "../support/tapped.js";

test("a shared device shows each side where it happens", () => {
  for (const [hops, expected] of [
    [CLIENT_SIDE, [`[CLIENT→PROXY] ${ONE}`, `[PROXY→CLIENT] ${TWO}`]],
    [SERVER_SIDE, [`[PROXY→SERVER] ${ONE}`, `[SERVER→PROXY] ${TWO}`]],
  ] as const) {
    const { tap, lines } = tapped(hops);
    tap.passed("up", bytes(ONE), true);
    tap.passed("down", bytes(TWO), true);
    assert.deepEqual(lines(), expected);
  }
});

test("each subscriber has its own view; a removed one sees no more, and without subscribers the tap is idle", () => {
  const { tap, seeBy, lines, subscriber } = tapped();
  const other = seeBy(hexView);
  tap.passed("up", bytes("<"), true);
  assert.deepEqual(lines(), []);
  assert.match(other.lines()[0] ?? "", /3c/);
  tap.remove(subscriber);
  tap.passed("up", bytes(ONE), true);
  assert.deepEqual(lines(), []);
  assert.equal(tap.idle, false);
  tap.remove(other.subscriber);
  assert.equal(tap.idle, true);
});

test("a subscriber added twice sees each message once", () => {
  const { tap, lines, subscriber } = tapped();
  tap.add(conbusView, subscriber);
  tap.passed("up", bytes(ONE), true);
  assert.equal(lines().filter((line) => line.startsWith("[CLIENT→PROXY]")).length, 1);
});

test("a fault in a view ends the tap and is reported once", () => {
  const broken: View = {
    ...conbusView,
    render() {
      throw new Error("broken");
    },
  };
  const { tap, faults } = tapped(RELAYED, {}, broken);
  tap.passed("up", bytes(ONE), true);
  tap.passed("up", bytes(ONE), true);
  assert.equal(faults.length, 1);
  assert.equal(tap.idle, true);
});
