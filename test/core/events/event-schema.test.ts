import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT_NAMES, type GatewayEvent } from "#src/core/events/gateway-event.js";
import { TEMPLATE_WORDS } from "#src/core/webhook/template.js";
import { EVENT_SCHEMA, fits } from "../../support/event-schema.js";

/** All members of an event: the compiler wants each of them here. */
const MEMBERS: Record<keyof Required<GatewayEvent>, true> = {
  ...{ event: true, time: true, pid: true, name: true, listener: true, remote: true, client: true, bytes: true },
  ...{ text: true, reason: true, device: true, downMs: true, count: true },
};

const DATA = {
  ...{ event: "data", time: "2026-11-30T07:15:01.250Z", pid: "18a2f3", listener: 8125, remote: "a:1", client: "b:2" },
  ...{ bytes: 48, text: "48 bytes" },
};

test("the schema has the members and the names of the type, and webhooks have a word for each member", () => {
  assert.deepEqual(Object.keys(EVENT_SCHEMA.properties ?? {}), Object.keys(MEMBERS));
  assert.deepEqual(EVENT_SCHEMA.properties?.["event"]?.enum, EVENT_NAMES);
  assert.deepEqual([...TEMPLATE_WORDS].sort(), Object.keys(MEMBERS).sort());
});

test("the schema takes an event, and refuses what is none", () => {
  assert.ok(fits(DATA, EVENT_SCHEMA));
  const wrong: object[] = [
    { event: "dato" },
    { time: "2026-11-30T07:15:01.250+01:00" },
    { pid: undefined, listener: "8125" },
    { bytes: -1 },
    { bytes: 1.5 },
    { event: "closed" },
    { text: "" },
  ];
  for (const changes of wrong) assert.ok(!fits({ ...DATA, ...changes }, EVENT_SCHEMA), JSON.stringify(changes));
  const { bytes: _, ...withoutBytes } = DATA;
  assert.ok(!fits(withoutBytes, EVENT_SCHEMA));
});
