import assert from "node:assert/strict";
import { test } from "node:test";
import { MuxLog } from "#src/mux/mux-log.js";
import { servicesHere } from "../support/services.js";

test("each line begins with the port and the device, and with the name where there is one", (t) => {
  const { log, generation } = servicesHere(t);
  const target = { host: "192.0.2.1", port: 502 };
  new MuxLog({ port: 5020 }, target, generation.context).info("a");
  new MuxLog({ port: 5020, name: "inverter" }, target, generation.context).warn("b");
  assert.deepEqual(log.lines, ["INFO [mux 5020 > 192.0.2.1:502] a", "WARN [mux inverter 5020 > 192.0.2.1:502] b"]);
});

test("a kind of event is mentioned once a minute, with the number of those left out", (t) => {
  const { clock, log, generation } = servicesHere(t);
  const muxLog = new MuxLog({ port: 5020 }, { host: "192.0.2.1", port: 502 }, generation.context);
  for (let count = 0; count < 3; count += 1) muxLog.throttled("a", "dropped");
  muxLog.throttled("b", "other");
  clock.advance(60_000);
  muxLog.throttled("a", "dropped");
  assert.deepEqual(
    log.lines.map((line) => line.slice(line.indexOf("]") + 2)),
    ["dropped", "other", "dropped; 2 more since the last such line"],
  );
});

test("a fault shows where it happened", (t) => {
  const { log, generation } = servicesHere(t);
  new MuxLog({ port: 1 }, { host: "d", port: 2 }, generation.context).fault(new TypeError("broken"));
  assert.match(log.lines[0] ?? "", /^ERROR \[mux 1 > d:2\] fault in the program: TypeError: broken \| at /);
});
