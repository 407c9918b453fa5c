import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AnnouncedLine,
  discoveryFilter,
  discoveryPayload,
  discoveryTopic,
  entitiesIn,
  idOf,
  makerIn,
  topicsIn,
} from "#src/core/mqtt/home-assistant.js";
import { topicMatches } from "#src/core/mqtt/mqtt-topic.js";

const PLACE = {
  ...{ discoveryPrefix: "homeassistant", prefix: "house/a", statusTopic: "house/a/status" },
  origin: { version: "1.2.3", id: "0123abcd", host: "attic" },
};
const NONE = new Map<string, string>();

function line(more: Partial<AnnouncedLine>): AnnouncedLine {
  return { name: "inverter", status: undefined, values: [], removed: NONE, ...more };
}

function componentsOf(more: Partial<AnnouncedLine>): Record<string, Record<string, unknown>> {
  return JSON.parse(discoveryPayload(PLACE, line(more))).components;
}

test("names become ids that Home Assistant takes, and two names never the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), (name) => {
      assert.match(idOf(name), /^[\w-]+$/);
      const topic = discoveryTopic(PLACE, name);
      assert.ok(topicMatches(discoveryFilter(PLACE), topic), topic);
    }),
  );
  assert.notEqual(idOf("a b"), idOf("a_b"));
  assert.notEqual(idOf("a b"), idOf("a/b"));
});

test("a device says what it is, and is there while the daemon is", () => {
  const status = { topic: "line/inverter/status", kind: "mux", counters: { received: 1, clients: 1 } } as const;
  const { device, origin, availability } = JSON.parse(discoveryPayload(PLACE, line({ status })));
  assert.equal(device.name, "inverter");
  assert.equal(device.identifiers.length, 1);
  assert.deepEqual(origin, { name: "sockproxyd on attic (0123abcd)", sw_version: "1.2.3" });
  assert.equal(makerIn(discoveryPayload(PLACE, line({ status }))), "0123abcd");
  for (const text of ["", "null", "7", '{"origin":null}', '{"origin":{"name":7}}', '{"origin":{"name":"other (x)"}}'])
    assert.equal(makerIn(text), undefined);
  assert.deepEqual(availability, [{ topic: "house/a/status" }]);
  const { connectivity, received, clients } = componentsOf({ status });
  assert.equal(connectivity?.["platform"], "binary_sensor");
  assert.equal(connectivity?.["state_topic"], "house/a/line/inverter/status");
  assert.equal(received?.["unit_of_measurement"], "B");
  assert.equal(received?.["state_class"], "total_increasing");
  assert.equal(clients?.["state_class"], "measurement");
  const ids = [connectivity, received, clients].map((entity) => entity?.["unique_id"]);
  assert.equal(new Set(ids).size, 3);
});

test("a value is of the kind that its unit tells, and not there while its own topic says so", () => {
  const power = {
    name: "power",
    topic: "house/a/inverter/power",
    unit: "W",
    availability: "house/a/inverter/power/available",
  };
  const alarm = { name: "alarm", topic: "house/a/inverter/alarm", isBinary: true };
  const { value_power, state_alarm } = componentsOf({ values: [power, alarm] });
  assert.equal(value_power?.["device_class"], "power");
  assert.deepEqual(value_power?.["availability"], [{ topic: "house/a/status" }, { topic: power.availability }]);
  assert.equal(value_power?.["availability_mode"], "all");
  assert.equal(state_alarm?.["platform"], "binary_sensor");
  assert.equal(state_alarm?.["payload_on"], "true");
  assert.ok(!("state_alarm" in componentsOf({ values: [{ ...alarm, isBinary: false }] })), "another kind, another id");
});

test("an entity that is there no more is named without its topics, so that Home Assistant forgets it", () => {
  const removed = new Map([["value_old", "sensor"]]);
  assert.deepEqual(componentsOf({ removed })["value_old"], { platform: "sensor" });
  assert.deepEqual([...entitiesIn(discoveryPayload(PLACE, line({ removed })))], [["value_old", "sensor"]]);
  assert.equal(entitiesIn("no JSON").size, 0);
  assert.equal(entitiesIn("null").size, 0);
  assert.equal(entitiesIn('{"components":{"x":null}}').size, 0);
});

test("of another run's message only entities and topics count that may be this daemon's", () => {
  const power = { name: "power", topic: "house/a/inverter/power", availability: "house/a/inverter/power/available" };
  const status = { topic: "line/inverter/status", kind: "mux" as const, counters: {} };
  assert.deepEqual(
    topicsIn(discoveryPayload(PLACE, line({ status, values: [power] })), PLACE),
    ["house/a/line/inverter/status", power.topic, power.availability],
    "all that the daemon has the broker keep, but its own status",
  );
  const topics = [
    "house/a/status",
    "other/x/y",
    "house/a/x/+",
    "house/a/#",
    "house/a/x/y/z",
    "house/a/x/set/available/x",
    1,
    null,
  ];
  const components = Object.fromEntries(
    topics.map((topic, at) => [`c${at}`, { platform: "sensor", state_topic: topic }]),
  );
  assert.deepEqual(topicsIn(JSON.stringify({ components }), PLACE), []);
  assert.deepEqual(
    topicsIn('{"components":{"x":{"platform":"sensor","availability":[null,1,{"topic":{}}]}}}', PLACE),
    [],
  );
  assert.equal(entitiesIn('{"components":{"x":{"platform":"lock"},"a b":{"platform":"sensor"}}}').size, 0);
});
