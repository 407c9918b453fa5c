import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDoctorArguments } from "#src/cli/doctor-arguments.js";

const INVERTER = { host: "inverter", port: 502 };
const good: [string, object][] = [
  ["modbus inverter:502", { target: INVERTER, unit: 1, register: 0, idleMs: 45_000, json: false }],
  [
    "modbus inverter:502 --unit 247 --register 40000",
    { target: INVERTER, unit: 247, register: 40_000, idleMs: 45_000, json: false },
  ],
  [
    "modbus [::1]:1502 --unit=0 --idle 500ms --json",
    { target: { host: "::1", port: 1502 }, unit: 0, register: 0, idleMs: 500, json: true },
  ],
];
for (const [line, expected] of good) {
  test(`doctor ${line}`, () => {
    const parsed = parseDoctorArguments(line.split(" "));
    assert.deepEqual(parsed, { ok: true, value: { kind: "examine", ...expected } });
  });
}

const bad: [string, RegExp][] = [
  ["", /modbus and host:port are wanted/],
  ["modbus", /modbus and host:port are wanted/],
  ["mudbus inverter:502", /unknown kind of device "mudbus": modbus is wanted; did you mean modbus\?/],
  ["modbus inverter", /"inverter"/],
  ["modbus inverter:0", /bad port/],
  ["modbus inverter:502 more", /unexpected argument "more"/],
  ["modbus inverter:502 --unit 256", /bad --unit "256": an integer from 0 to 255/],
  ["modbus inverter:502 --unit 1 --unit 2", /bad --unit "1,2": one value is wanted/],
  ["modbus inverter:502 --register=-1", /bad --register "-1"/],
  ["modbus inverter:502 --register 65536", /bad --register "65536"/],
  ["modbus inverter:502 --idle 2m", /bad --idle "2m"/],
  ["modbus inverter:502 --unti 2", /unknown option --unti, did you mean --unit\?|unknown option --unti/],
];
for (const [line, message] of bad) {
  test(`doctor ${line} is refused`, () => {
    const parsed = parseDoctorArguments(line.split(" ").filter(Boolean));
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}

test("help asks for nothing else, and fits a terminal", () => {
  assert.deepEqual(parseDoctorArguments(["--help"]), { ok: true, value: { kind: "help" } });
});
