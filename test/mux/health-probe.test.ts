import assert from "node:assert/strict";
import { test } from "node:test";
import { HealthProbe } from "#src/mux/health-probe.js";
import { ManualClock } from "../support/clock.js";
import { readPdu } from "../support/modbus.js";
import { modbusMessage, muxRoute } from "../support/mux-parts.js";

const PROBE = modbusMessage(0, readPdu(1));

function setUp(options = `PROT=modbus HLTH=30 PROB=${PROBE.toString("hex")}`) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const begin = clock.now();
  const owner = {
    clock,
    route: muxRoute(options),
    free: true,
    options: () => owner.route.mux,
    isFree: () => owner.free,
    probe: ({ bytes }: { bytes: Buffer }, timeoutMs: number) => {
      assert.deepEqual(bytes, PROBE);
      sent.push(`${clock.now() - begin}: ${timeoutMs}`);
    },
  };
  return { clock, sent, owner, probe: new HealthProbe(owner) };
}

test("an idle connection is probed every HLTH seconds; the answer may take 5 s", () => {
  const { clock, sent } = setUp();
  clock.advance(29_999);
  assert.deepEqual(sent, []);
  clock.advance(1);
  clock.advance(30_000);
  assert.deepEqual(sent, ["30000: 5000", "60000: 5000"]);
});

test("a TIME below 5 s holds for probes, too", () => {
  const { clock, sent } = setUp(`PROT=modbus HLTH=30 TIME=2 PROB=${PROBE.toString("hex")}`);
  clock.advance(30_000);
  assert.deepEqual(sent, ["30000: 2000"]);
});

test("use of the connection postpones the probe", () => {
  const { clock, sent, probe } = setUp();
  clock.advance(20_000);
  probe.used();
  clock.advance(29_999);
  assert.deepEqual(sent, []);
  clock.advance(1);
  assert.deepEqual(sent, ["50000: 5000"]);
});

test("a busy connection needs no probe", () => {
  const { clock, sent, owner } = setUp();
  owner.free = false;
  clock.advance(30_000);
  owner.free = true;
  clock.advance(29_999);
  assert.deepEqual(sent, []);
  clock.advance(1);
  assert.deepEqual(sent, ["60000: 5000"]);
});

test("without PROB, and with HLTH=0, there is no probe", () => {
  assert.equal(setUp("PROT=modbus HLTH=30").clock.pending, 0);
  assert.equal(setUp(`PROT=modbus HLTH=0 PROB=${PROBE.toString("hex")}`).clock.pending, 0);
});

test("a reload that sets HLTH=0 ends the probes", () => {
  const { clock, owner } = setUp();
  owner.route = muxRoute("PROT=modbus HLTH=0");
  clock.advance(30_000);
  assert.equal(clock.pending, 0);
});

test("a cancelled probe never goes out", () => {
  const { clock, sent, probe } = setUp();
  probe.cancel();
  clock.advance(100_000);
  assert.deepEqual(sent, []);
});
