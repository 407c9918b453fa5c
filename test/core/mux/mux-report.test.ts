import assert from "node:assert/strict";
import { test } from "node:test";
import { muxLines } from "#src/core/mux/mux-report.js";
import { BUSY_MUX, clientStatus } from "../../support/mux-status.js";

test("STAT shows connected links only, and what has become of the requests: the parts add up", () => {
  const counts = { requests: 45, answers: 20, cacheHits: 18, joined: 1, failed: 2, refused: 1, abandoned: 1, open: 2 };
  assert.deepEqual(muxLines({ ...BUSY_MUX, ...counts, strays: 5, load: 0.126, response: { p50Ms: 35, p99Ms: 80.5 } }), [
    " mux 5020 modbus 192.0.2.1:502: 1 of 2 links, 3 clients, 2 waiting, 1 outstanding; 45 requests: 20 answered, 18 from the cache, 1 joined, 2 failed, 1 refused, 1 abandoned, 2 open; 5 strays; load 13 %, half of the answers within 35 ms, 99 % within 80.5 ms",
  ]);
  const [line] = muxLines({ ...BUSY_MUX, name: "inverter", links: [], down: true });
  assert.equal(
    line,
    " mux inverter 5020 modbus 192.0.2.1:502: 0 of 2 links (device not reached), 3 clients, 2 waiting, 1 outstanding; 0 requests: 0 answered, 0 failed; 0 strays; load 0 %",
  );
});

test("idle links say so, and since when", () => {
  const link = { state: "idle", address: "192.0.2.1:502", ageMs: 99_000, idleMs: 12_700, requests: 7 } as const;
  assert.match(muxLines({ ...BUSY_MUX, links: [link] })[0] ?? "", /: 1 of 2 links \(idle for 12 s\), /);
  const busy = { ...link, state: "busy" } as const;
  assert.match(muxLines({ ...BUSY_MUX, links: [link, busy] })[0] ?? "", /: 2 of 2 links, /);
});

test("a line for each client says who asks how often, and how long that takes", () => {
  const one = clientStatus({ requests: 30, answers: 10, cacheHits: 20, rate: 0.5, waitedMs: 60, deviceMs: 350 });
  const gone = clientStatus({ address: "192.0.2.8", connected: false, requests: 3, failed: 2, open: 1, waitedMs: 10 });
  const poll = clientStatus({ address: "poll", connected: false });
  assert.match(muxLines({ ...BUSY_MUX, clients: [poll] })[1] ?? "", /^ {3}client poll: /);
  assert.deepEqual(muxLines({ ...BUSY_MUX, clients: [gone, one] }).slice(1), [
    "   client 192.0.2.7: 0.5 requests/s; 30 requests: 10 answered, 20 from the cache, 0 failed; waits 2 ms for its turn, 35 ms for the device",
    "   client 192.0.2.8 (gone): 0 requests/s; 3 requests: 0 answered, 2 failed, 1 open; waits 5 ms for its turn, 0 ms for the device",
  ]);
});

test("of many clients STAT shows the busiest", () => {
  const clients = Array.from({ length: 20 }, (_, index) => clientStatus({ address: `client ${index}`, rate: index }));
  const lines = muxLines({ ...BUSY_MUX, clients });
  assert.deepEqual([lines.length, lines.at(-1)], [10, "   and 12 more clients, see STAT JSON"]);
  assert.match(lines[1] ?? "", /client 19:/);
});

test("a line for each published value, and for those beyond the sixteenth one", () => {
  const values = [
    { name: "power", unit: "W", value: 4711, ageMs: 3700, state: "good" },
    { name: "model", value: "SUN2000", ageMs: 900_000, state: "stale" },
    { name: "later", state: "waiting" },
    { name: "string-2", unit: "V", ageMs: 0, state: "invalid" },
  ] as const;
  assert.deepEqual(muxLines({ ...BUSY_MUX, values }).slice(1), [
    "   value power: 4711 W, 3 s old",
    "   value model: SUN2000, 900 s old (stale)",
    "   value later: none (waiting)",
    "   value string-2: none, 0 s old (invalid)",
  ]);
  const many = Array.from({ length: 20 }, (_, at) => ({ name: `v${at}`, state: "waiting" as const }));
  assert.equal(muxLines({ ...BUSY_MUX, values: many }).at(-1), "   and 4 more values, see STAT JSON");
});
