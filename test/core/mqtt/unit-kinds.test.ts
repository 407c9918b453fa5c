import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOfStored, kindOfUnit, unitMeantBy } from "#src/core/mqtt/unit-kinds.js";

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

test("how Home Assistant writes a unit; what it does not know, and what is right, stays", () => {
  const meant = {
    kwh: "kWh",
    KW: "kW",
    Mw: "MW",
    mw: "mW",
    w: "W",
    VAR: "var",
    HZ: "Hz",
    degC: "°C",
    m3: "m³",
    RPM: "rpm",
  };
  for (const [unit, right] of Object.entries(meant)) assert.equal(unitMeantBy(unit), right, unit);
  for (const unit of ["kWh", "mHz", "mWh", "MVA", "S", "mS", "Ah", "pulses", "%", "h", "toString"])
    assert.equal(unitMeantBy(unit), undefined, unit);
});

test("what is stored is no counter", () => {
  assert.deepEqual(kindOfStored("kWh"), { deviceClass: "energy_storage", stateClass: "measurement" });
  assert.deepEqual(kindOfStored("L"), { deviceClass: "volume_storage", stateClass: "measurement" });
  assert.equal(kindOfStored("W"), undefined);
});
