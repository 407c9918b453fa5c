import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMuxRoute } from "#src/core/mux/mux-line.js";

const VALUE = "PUBL=unit+1+holding+1+uint16+as+a";

test("options that do not go with published values are told", () => {
  const table: [options: string, reason: RegExp | undefined][] = [
    [`PROT=modbus ${VALUE}`, undefined],
    [`PROT=modbus CACH=10000 ${VALUE}+stale+11s`, undefined],
    [`PROT=modbus CACH=10000 ${VALUE}+stale+10s`, /a: stale must be longer than CACH=10000/],
    [`PROT=modbus CACH=5000 POLL=5 ${VALUE}`, /a: CACH=5000 would answer each poll/],
    [`PROT=modbus POLL=20 ${VALUE}+stale+20s`, /a: stale must be longer than poll/],
    ["PROT=modbus POLL=5", /POLL asks for published values/],
    [`PROT=modbus POLL=0.5 ${VALUE}`, /POLL: 1s is the least/],
    [`PROT=echo ${VALUE}`, /PUBL goes with Modbus only/],
    [`PROT=modbus MODE=broadcast ${VALUE}`, /MODE=broadcast/],
    [`PROT=solarman POLL=5 ${VALUE}`, /solarman goes without poll/],
    [`PROT=modbus ${VALUE} ${VALUE}`, /two values are called a/],
  ];
  for (const [options, reason] of table) {
    const route = parseMuxRoute(`192.168.1.22:502 ${options}`);
    if (reason === undefined) assert.ok(route.ok, options);
    else assert.match(route.ok ? "" : route.message, reason, options);
  }
});
