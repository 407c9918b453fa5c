import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { formatRemote } from "#src/core/options/conn-request.js";

test("several servers, and options of the line beside those of CONN", () => {
  const route = parseDirectRoute(
    "a:1,[::1]:2,10.0.0.3:3 BALA=Least HLTH=2.5 RTRY=0.5 CTIM=700 FAIL=reset RATE=10/s CACH=5",
  );
  assert.ok(route.ok);
  const { target, servers, options, direct } = route.value;
  assert.deepEqual(target, { host: "a", port: 1 });
  assert.deepEqual(servers, [
    { host: "a", port: 1 },
    { host: "::1", port: 2 },
    { host: "10.0.0.3", port: 3 },
  ]);
  assert.deepEqual([options.connectTimeoutMs, options.retryDialMs], [700, 500]);
  const { balance, checkMs, refusal, shareMs, rate } = direct;
  assert.deepEqual([balance, checkMs, refusal, shareMs, rate], ["least", 2500, "reset", 5, 10]);
  assert.equal(formatRemote(route.value), "a:1,[::1]:2,10.0.0.3:3");
});

const wrong: [text: string, message: RegExp][] = [
  ["", /no target/],
  ["a:1,", /no target/],
  ["a:1,b", /bad target "b"/],
  ["a:1,b:2,a:1", /a:1 is given twice/],
  ["a:1,b:2 PRTO=udp", /PRTO=udp goes with one server/],
  ["a:1 BALA=any", /first or round or least is wanted/],
  ["a:1 HLTH=often", /bad HLTH/],
  ["a:1 FAIL=no", /error or reset is wanted/],
  [Array.from({ length: 33 }, (_, index) => `a:${index + 1}`).join(","), /33 servers: 32 are the most/],
];
for (const [text, message] of wrong) {
  test(`${text.slice(0, 30)} is refused: ${message.source}`, () => {
    const route = parseDirectRoute(text);
    assert.ok(!route.ok);
    assert.match(route.message, message);
  });
}
