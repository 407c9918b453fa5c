import assert from "node:assert/strict";
import { test } from "node:test";
import { discoveryPayload, discoveryTopic } from "#src/core/mqtt/home-assistant.js";
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
  homeAssistant.lines([]);
  assert.deepEqual(removed, [], "nobody knows yet who is there");
  others = new Set([OTHER]);
  homeAssistant.lines([]);
  assert.deepEqual(removed, ["p/old/power", old[0]]);
  assert.equal(homeAssistant.makerOf(theirs[0]), OTHER);
  homeAssistant.take(theirs[0], made("theirs", OWN)[1], false);
  assert.equal(homeAssistant.makerOf(theirs[0]), undefined, "this daemon has written over it");
});
