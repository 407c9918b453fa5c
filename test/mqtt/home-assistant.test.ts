import assert from "node:assert/strict";
import { test } from "node:test";
import { discoveryPayload, discoveryTopic } from "#src/core/mqtt/home-assistant.js";
import { gatherNow } from "#src/core/status/gathering.js";
import { HomeAssistant } from "#src/mqtt/home-assistant.js";

const [OWN, OTHER, DEAD] = ["0000000a", "0000000b", "0000000c"];

function place(id = OWN) {
  return {
    ...{ discoveryPrefix: "ha", prefix: "p", statusTopic: "p/status" },
    origin: { version: "1", id, host: "here" },
  };
}

/** The discovery message of a line, as another process has made it. */
function made(name: string, id: string): [topic: string, payload: Buffer] {
  const values = [{ name: "power", topic: `p/${name}/power` }];
  const line = { name, status: undefined, values, removed: new Map<string, string>() };
  return [discoveryTopic(place(), name), Buffer.from(discoveryPayload(place(id), line))];
}

test("what another daemon has made stays while it is there; what an earlier run has made goes, once the others are known", () => {
  const removed: string[] = [];
  let others: ReadonlySet<string> | undefined;
  const homeAssistant = new HomeAssistant(place(), {
    keep: (topic, payload) => payload === "" && removed.push(topic),
    forget: (topic) => removed.push(topic),
    repeat: () => {},
    others: () => others,
  });
  const [theirs, old] = [made("theirs", OTHER), made("old", DEAD)];
  homeAssistant.take(...theirs, true);
  homeAssistant.take(...old, true);
  gatherNow(homeAssistant.lines([]));
  assert.deepEqual(removed, [], "nobody knows yet who is there");
  others = new Set([OTHER]);
  gatherNow(homeAssistant.lines([]));
  assert.deepEqual(removed, ["p/old/power", old[0]]);
  homeAssistant.take(old[0], Buffer.concat([old[1], Buffer.alloc(300_000, " ")]), true);
  homeAssistant.take(...made("x".repeat(600), DEAD), true);
  gatherNow(homeAssistant.lines([]));
  assert.equal(removed.length, 2, "what no daemon writes is not looked at");
  assert.equal(homeAssistant.makerOf(theirs[0]), OTHER);
  homeAssistant.take(theirs[0], made("theirs", OWN)[1], false);
  assert.equal(homeAssistant.makerOf(theirs[0]), OTHER, "also where this daemon has written over it");
  homeAssistant.take(theirs[0], Buffer.from(""), false);
  assert.equal(homeAssistant.makerOf(theirs[0]), undefined);
});

test("thousands of lines are looked at one by one, and announced once; what an earlier run has announced is compared so, too", () => {
  const counters = { clients: 0, sent: 0 };
  const lines = Array.from({ length: 2000 }, (_, index) => {
    const [name, kind] = [`hub${index}`, "direct" as const];
    return { name, kind, topic: `line/${name}/status`, connected: true, reason: undefined, counters };
  });
  const kept = new Map<string, string>();
  const forgotten: string[] = [];
  const homeAssistant = (): HomeAssistant =>
    new HomeAssistant(place(), {
      keep: (topic, payload) => kept.set(topic, payload),
      forget: (topic) => forgotten.push(topic),
      repeat: () => {},
      others: () => new Set(),
    });
  const first = homeAssistant();
  assert.equal([...first.lines(lines)].length, lines.length, "a pause behind each");
  const messages = [...kept];
  kept.clear();
  gatherNow(first.lines(lines.map((line) => ({ ...line, counters: { clients: 1, sent: 9 } }))));
  assert.equal(kept.size, 0, "other values are no news");
  gatherNow(first.lines(lines.map((line, index) => (index === 7 ? { ...line, counters: { clients: 1 } } : line))));
  assert.deepEqual([...kept.keys()], [messages[7]?.[0]]);

  const second = homeAssistant();
  for (const [topic, payload] of messages) second.take(topic, Buffer.from(payload), true);
  assert.equal([...second.lines(lines)].length, 3 * lines.length);
  assert.deepEqual(forgotten, []);
});
