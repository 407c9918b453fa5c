import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokerProbe } from "#src/core/mqtt/broker-probe.js";

test("a broker that closes twice without a reason is asked for less, step by step", () => {
  const probe = new BrokerProbe({ qos: 1, retain: true });
  probe.ended(true);
  assert.deepEqual(probe.abilities, { qos: 1, retain: true });
  const steps = [1, 2, 3, 4].map(() => {
    probe.ended(true);
    return `${probe.abilities.qos} ${probe.abilities.retain}`;
  });
  assert.deepEqual(steps, ["1 false", "0 true", "0 false", "1 true"]);
});

test("closes with a reason change nothing", () => {
  const probe = new BrokerProbe({ qos: 1, retain: true });
  for (let times = 0; times < 5; times += 1) {
    probe.ended(true);
    probe.ended(false);
  }
  assert.deepEqual(probe.lacks, []);
});

test("after a good connection all is asked for again, and the first refusal leads back", () => {
  const probe = new BrokerProbe({ qos: 0, retain: true });
  probe.ended(true);
  probe.ended(true);
  assert.deepEqual(probe.lacks, ["retain"]);
  probe.ended(false);
  assert.deepEqual(probe.abilities, { qos: 0, retain: true });
  probe.ended(true);
  assert.deepEqual(probe.abilities, { qos: 0, retain: false });
});

test("a broker that closes however little is asked for dislikes something else, until a connection ends in another way", () => {
  const probe = new BrokerProbe({ qos: 1, retain: true });
  for (let closes = 0; closes < 5; closes += 1) {
    assert.equal(probe.isFruitless, false);
    probe.ended(true);
  }
  assert.equal(probe.isFruitless, true);
  probe.ended(true);
  assert.equal(probe.isFruitless, true);
  probe.ended(false);
  assert.equal(probe.isFruitless, false);
});

test("a broker that acknowledges nothing gets QoS 0", () => {
  const probe = new BrokerProbe({ qos: 1, retain: false });
  probe.unacknowledged();
  assert.deepEqual(probe.abilities, { qos: 0, retain: false });
  assert.deepEqual(probe.lacks, ["qos"]);
});
