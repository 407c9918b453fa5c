import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOfUnit } from "#src/core/mqtt/unit-kinds.js";

test("what a unit tells Home Assistant", () => {
  const table: [unit: string, deviceClass: string | undefined, stateClass: string | undefined][] = [
    ["W", "power", "measurement"],
    ["kW", "power", "measurement"],
    ["kWh", "energy", "total_increasing"],
    ["V", "voltage", "measurement"],
    ["A", "current", "measurement"],
    ["Hz", "frequency", "measurement"],
    ["°C", "temperature", "measurement"],
    ["VA", "apparent_power", "measurement"],
    ["var", "reactive_power", "measurement"],
    ["m³", "volume", "total_increasing"],
    ["%", undefined, "measurement"],
    ["kvarh", undefined, "total_increasing"],
    ["KW", undefined, undefined],
  ];
  for (const [unit, deviceClass, stateClass] of table) {
    const kind = kindOfUnit(unit);
    assert.deepEqual([kind?.deviceClass, kind?.stateClass], [deviceClass, stateClass], unit);
  }
});
