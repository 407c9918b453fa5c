import assert from "node:assert/strict";
import { test } from "node:test";
import { RELAYED, SERVER_SIDE } from "#src/core/monitor/hops.js";
import type { View } from "#src/core/monitor/view.js";
import { conbusView } from "#src/core/monitor/views/conbus-view.js";
import { lineView } from "#src/core/monitor/views/line-view.js";
import { bytes, ONE, TWO, tapped } from "../support/tapped.js";

test("a telegram shows when it comes and when it is written; both at once when the other side reads", () => {
  const { tap, lines } = tapped();
  tap.passed("up", bytes(ONE), true);
  tap.passed("down", bytes(TWO + TWO), true);
  assert.deepEqual(lines(), [
    `[CLIENT→PROXY] ${ONE}`,
    `[PROXY→SERVER] ${ONE}`,
    ...[1, 2].flatMap(() => [`[SERVER→PROXY] ${TWO}`, `[PROXY→CLIENT] ${TWO}`]),
  ]);
});

test("a telegram that the other side does not read shows only as received", () => {
  const { tap, lines } = tapped();
  tap.passed("up", bytes(ONE), false);
  assert.deepEqual(lines(), [`[CLIENT→PROXY] ${ONE}`]);
  tap.drained("down");
  assert.equal(lines().length, 1);
  tap.drained("up");
  assert.deepEqual(lines().slice(1), [`[PROXY→SERVER] ${ONE}`]);
  tap.drained("up");
  assert.equal(lines().length, 2);
});

test("a chunk may be overwritten after the tap has seen it", () => {
  const { tap, lines } = tapped();
  const chunk = bytes(`${ONE}<S00000`);
  tap.passed("up", chunk, false);
  chunk.fill(0);
  tap.passed("up", bytes("00000F01D00FA>"), true);
  assert.deepEqual(
    lines().filter((line) => !line.endsWith(ONE)),
    [],
  );
  assert.equal(lines().length, 4);
});

test("half a telegram at the end is junk", () => {
  const { tap, lines } = tapped();
  tap.passed("up", bytes("<S0"), true);
  assert.deepEqual(lines(), []);
  tap.ended("up");
  tap.ended("up");
  assert.match(lines()[0] ?? "", /^\[CLIENT→PROXY\] <S0 ✗ junk: /);
  assert.equal(lines().length, 2);
});

test("messages that wait to be written have a limit; all show as received, and the excess is counted", () => {
  const { tap, lines, skipped } = tapped();
  for (let count = 0; count < 3000; count += 1) tap.passed("up", bytes(ONE), false);
  tap.drained("up");
  tap.passed("up", bytes(ONE), true);
  const count = (label: string): number => lines().filter((line) => line.startsWith(label)).length;
  assert.deepEqual([count("[CLIENT→PROXY]"), count("[PROXY→SERVER]")], [3001, 1001]);
  assert.equal(skipped(), 2000);
});

test("a message that no subscriber has room for is not rendered, except to verify its checksum", () => {
  for (const [view, expected] of [
    [conbusView, 1],
    [{ ...conbusView, hasChecksums: false }, 0],
  ] as const) {
    let rendered = 0;
    const counting: View = {
      ...view,
      render(message) {
        rendered += 1;
        return view.render(message);
      },
    };
    const { tap, subscriber } = tapped(RELAYED, { onBadChecksum() {} }, counting);
    while (!subscriber.full) tap.passed("up", bytes(ONE), true);
    rendered = 0;
    tap.passed("up", bytes(`${ONE}>>>>>>`), true);
    assert.equal(rendered, expected);
  }
});

test("wrong checksums are alerted, junk is not, whether or not a subscriber has room", () => {
  const wrong: string[] = [];
  const { tap, subscriber, clock } = tapped(RELAYED, { onBadChecksum: (_source, { text }) => wrong.push(text) });
  tap.passed("up", bytes("<S0000000000F01D00AA>junk"), true);
  while (!subscriber.full) tap.passed("up", bytes(ONE), true);
  tap.passed("up", bytes("<S0000000000F01D00BB>"), true);
  clock.advance(100);
  assert.deepEqual(wrong, ["<S0000000000F01D00AA>", "<S0000000000F01D00BB>"]);
  const twice: string[] = [];
  const far = tapped(SERVER_SIDE, { onBadChecksum: (_source, { text }) => twice.push(text) });
  far.tap.passed("up", bytes("<S0000000000F01D00AA>"), true); // counted where it came in
  assert.deepEqual(twice, []);
});

test("a flood of tiny messages is sampled, and the rest is counted in bytes; later messages show", () => {
  for (const [crumb, view] of [
    [">", conbusView],
    ["<>", conbusView],
    ["\n", lineView],
  ] as const) {
    const { tap, lines } = tapped(RELAYED, {}, view);
    tap.passed("up", Buffer.alloc(65_536, crumb), true);
    const shown = lines();
    assert.ok(shown.length < 10_000, `${shown.length} lines of ${JSON.stringify(crumb)}`);
    assert.equal(shown.at(-1), " not looked at", JSON.stringify(crumb)); // without what stands where others have their time
    tap.passed("up", bytes(`${ONE}\n`), true);
    assert.ok(lines().includes(`[PROXY→SERVER] ${ONE}`), JSON.stringify(crumb));
  }
});

test("a stream of real telegrams shows completely, however much comes at once", () => {
  const { tap, lines, skipped } = tapped();
  for (let count = 0; count < 20; count += 1) tap.passed("up", bytes(ONE.repeat(1000)), true);
  assert.equal(lines().length + 2 * skipped(), 40_000 + (skipped() > 0 ? 1 : 0));
});
