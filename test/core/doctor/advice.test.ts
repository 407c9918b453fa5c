import assert from "node:assert/strict";
import { test } from "node:test";
import { advise, section } from "#src/core/doctor/advice.js";
import { NOTHING_SEEN, type Observations } from "#src/core/doctor/observations.js";
import { sentences } from "#src/core/doctor/sentences.js";
import { MUX_OPTIONS } from "#src/core/mux/mux-option-rows.js";
import { findRow } from "#src/core/options/option-table.js";

const PLAIN: Observations = {
  ...NOTHING_SEEN,
  connectMs: 2,
  framing: "modbus",
  reading: { code: 3, register: 0, exception: undefined },
};
const SPEED = { reads: 30, p50Ms: 20, worstMs: 80, lost: 0 };
const LINKS = { count: 5, tried: 5, kept: "all", parallel: true } as const;
const TAKES_FOUR = { kind: "tried", requests: 4 } as const;

const ADVICE: readonly [what: string, seen: Partial<Observations>, options: string][] = [
  ["nothing odd", {}, "protocol=modbus"],
  ["quick answers", { speed: SPEED }, "protocol=modbus timeout=3s"],
  ["slow answers", { speed: { ...SPEED, worstMs: 1234 } }, "protocol=modbus timeout=7s"],
  ["bare RTU frames", { framing: "modbus-serial" }, "protocol=modbus-serial"],
  ["an echo", { framing: "modbus-serial", echoes: true }, "protocol=modbus-serial echo=strip"],
  ["quick answers, long after a connect", { readyMs: 2500, speed: SPEED }, "protocol=modbus delay=3200ms timeout=7s"],
  ["not ready for a second", { readyMs: 1000 }, "protocol=modbus delay=1300ms"],
  ["needs a pause", { gapMs: 50 }, "protocol=modbus gap=50ms"],
  ["cuts idle links", { idle: { kind: "cut", ms: 30_000 } }, "protocol=modbus link-idle=24s"],
  ["forgets idle links", { idle: { kind: "dies", ms: 45_000, aliveMs: 10_400 } }, "protocol=modbus link-idle=8s"],
  ["forgets links at once", { idle: { kind: "dies", ms: 45_000, aliveMs: 0 } }, "protocol=modbus link-idle=1s"],
  ["cuts links at once when idle", { idle: { kind: "cut", ms: 300 } }, "protocol=modbus"],
  ["keeps idle links", { idle: { kind: "kept", ms: 40_000 } }, "protocol=modbus"],
  ["takes four requests", { pipeline: TAKES_FOUR }, "protocol=modbus pipeline=4"],
  ["takes four requests and five links", { pipeline: TAKES_FOUR, links: LINKS }, "protocol=modbus pipeline=4"],
  ["takes five links, one request on each", { links: LINKS }, "protocol=modbus pool=4"],
  ["takes two links", { links: { ...LINKS, count: 2 } }, "protocol=modbus"],
  ["works on one request at a time", { links: { ...LINKS, parallel: false } }, "protocol=modbus"],
];
for (const [what, seen, options] of ADVICE) {
  test(`${what}: ${options}`, () => {
    const advice = advise({ ...PLAIN, ...seen });
    assert.equal(advice.map(({ option, value }) => `${option}=${value}`).join(" "), options);
    for (const { option, value } of advice) {
      const row = MUX_OPTIONS.find(({ name }) => name === option);
      assert.ok(row !== undefined && findRow(MUX_OPTIONS, row.key)?.parse(value, "file").ok, option);
    }
  });
}

test("the section has a comment with the reason above each option", () => {
  const advice = [{ option: "protocol", value: "modbus", why: "It is so." }];
  assert.equal(
    section({ host: "fe80::1", port: 502 }, advice),
    "[mux device]\n# Clients connect to this port.\nlisten=5020\ntarget=[fe80::1]:502\n# It is so.\nprotocol=modbus",
  );
});

test("sentences tell what is odd, in words of one line", () => {
  const said = sentences({
    ...PLAIN,
    greeting: "ACME\r\n",
    reading: { code: 4, register: 12, exception: 2 },
    readyMs: 500,
    echoes: true,
    ids: "counted",
    answersAs: 9,
    speed: { ...SPEED, lost: 2 },
    gapMs: 50,
    unaskedBytes: 27,
    closesAfterAnswer: true,
    mostRegisters: 60,
    links: { ...LINKS, kept: "newest" },
    pipeline: { kind: "tried", requests: 1 },
    idle: { kind: "dies", ms: 2000, aliveMs: 0 },
  });
  assert.deepEqual(
    said.map((line) => line.trim().replace(/ {2,}/, ": ")),
    [
      "greeting: says something behind the connect: ACME",
      "after connect: requests within 500 ms of a connect get no answer",
      "echo: each request comes back before its answer",
      "ids: answers carry a counter of the device; the daemon pairs them by their order",
      "unit: answers as unit 9",
      "speed: 30 reads: p50 20 ms, worst 80 ms; 2 without an answer",
      "pause: needs 50 ms between an answer and the next request",
      "noise: 27 bytes around the answers that nobody asked for",
      "close: closes the connection behind each answer",
      "registers: 60 registers at once, from that one on",
      "connections: takes one at a time: a new one ends the one before",
      "pipelining: wants one request at a time on a connection",
      "idle: a connection idle for 2.0 s stays open and gets no answer any more",
      "connect: connected in 2 ms",
      "framing: modbus: Modbus/TCP",
      "register: input register 12: exception 2; --register names another one",
    ],
  );
});
