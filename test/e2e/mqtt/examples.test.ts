import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import { lineStatusJson } from "#src/core/mqtt/line-status.js";
import { EXAMPLES } from "../../support/plugin/programs.js";

test("openLuup: what is published gets into variables of devices", () => {
  const status = { topic: "", kind: "mux", name: "inverter", reason: "no route", counters: { clients: 2 } } as const;
  const event: GatewayEvent = { event: "data", time: "2026-11-30T07:00:00.000Z", bytes: 5, text: "5 bytes" };
  const messages = [
    ["sockproxyd/status", "online"],
    ["sockproxyd/line/inverter/status", lineStatusJson({ ...status, connected: false })],
    ["sockproxyd/line/other/status", lineStatusJson({ ...status, connected: true })],
    ["sockproxyd/doorbell", JSON.stringify(event)],
    ["sockproxyd/inverter/power", "4.2"],
    ["elsewhere/x", "y"],
  ];
  const {
    status: exit,
    stdout,
    stderr,
  } = spawnSync("lua5.1", ["test/support/plugin/openluup-mqtt-stand-in.lua", `${EXAMPLES}/openluup-mqtt.lua`], {
    input: messages.map((parts) => `${parts.join("\t")}\n`).join(""),
    encoding: "utf8",
  });
  assert.equal(exit, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 2).sort(), ["set\t42\tProxyStatus\tonline", "set\t43\tProxyStatus\tonline"]);
  assert.deepEqual(lines.slice(2), [
    "set\t42\tConnected\t0",
    "set\t42\tReason\tno route",
    "set\t43\tLastEvent\tdata",
    "set\t43\tBytes\t5",
    "set\t42\tpower\t4.2",
    "publish\tsockproxyd/doorbell/set\tRING",
  ]);
});

/** Keys of Home Assistant's documents: integrations sensor.mqtt and button.mqtt, automation triggers and actions. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  sensor:
    "name unique_id state_topic value_template device_class state_class unit_of_measurement availability availability_mode json_attributes_topic".split(
      " ",
    ),
  button: "name unique_id command_topic payload_press qos retain".split(" "),
  automation: ["id", "alias", "triggers", "actions"],
};

test("Home Assistant: the package is one, with keys that it knows", () => {
  const { mqtt, automation } = parse(readFileSync(`${EXAMPLES}/home-assistant.yaml`, "utf8"));
  const entities: [string, Record<string, unknown>][] = [
    ...Object.entries(mqtt).flatMap(([kind, list]) =>
      (list as Record<string, unknown>[]).map((one): [string, Record<string, unknown>] => [kind, one]),
    ),
    ...automation.map((one: Record<string, unknown>) => ["automation", one]),
  ];
  assert.equal(entities.length, 4);
  for (const [kind, entity] of entities) {
    for (const key of Object.keys(entity)) assert.ok(KEYS[kind]?.includes(key), `${kind}: ${key}`);
    const topics = JSON.stringify(entity).match(/"\w*topic":"[^"]*"/g) ?? [];
    for (const topic of topics)
      assert.match(topic, /:"sockproxyd\/(status|line\/heating\/status|heating(\/set)?|doorbell|event\/device-down)"/);
  }
  const [{ triggers, actions }] = automation;
  assert.equal(triggers[0].trigger, "mqtt");
  assert.equal(actions[0].action, "persistent_notification.create");
});
