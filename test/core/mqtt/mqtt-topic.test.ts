import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePrefix, parseTopic, topicLevel, topicMatches } from "#src/core/mqtt/mqtt-topic.js";

test("a topic stays below the prefix, and leaves the daemon's own topics alone", () => {
  for (const good of ["heat", "heat/pump", "heat/status", "a".repeat(128), "W\u00e4rme"]) {
    assert.deepEqual(parseTopic(good), { ok: true, value: good });
  }
  const bad = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    "a+",
    "#",
    "a/#",
    "$SYS/x",
    "a/$x",
    "a\0",
    "a b",
    "\ud800",
    "a".repeat(129),
  ];
  const own = ["status", "status/x", "event", "event/closed", "line/x/status", "set", "heat/set"];
  for (const text of [...bad, ...own]) assert.equal(parseTopic(text).ok, false, JSON.stringify(text));
});

test("whatever is taken as a topic is one level or more of text that MQTT takes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      if (!parseTopic(text).ok) return;
      assert.doesNotMatch(text, /[+#$\0]|^\/|\/\/|\/$/);
      assert.ok(text.length <= 128);
    }),
  );
});

test("any name makes one level", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => parsePrefix(topicLevel(name).slice(0, 64)).ok));
  assert.equal(topicLevel("heat pump/1"), "heat_pump_1");
  assert.equal(topicLevel(""), "_");
});

const matches: [filter: string, topic: string, expected: boolean][] = [
  ["a/b", "a/b", true],
  ["a/+", "a/b", true],
  ["a/+/c", "a/b/c", true],
  ["a/+", "a/b/c", false],
  ["a/#", "a/b/c", true],
  ["a/#", "a", true],
  ["a/#", "b", false],
  ["a/b", "a", false],
];
for (const [filter, topic, expected] of matches) {
  test(`${filter} ${expected ? "has" : "has not"} ${topic}`, () => assert.equal(topicMatches(filter, topic), expected));
}
