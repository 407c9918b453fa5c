import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS, parseValue } from "#src/core/config/keys.js";
import { mergeFile } from "#src/core/config/merge-file.js";
import { printSettings } from "#src/core/config/print-settings.js";

function settingsOf(text: string) {
  const { settings, problems } = parseConfigFile(text, "f");
  const merged = mergeFile(DEFAULT_SETTINGS, settings);
  return { settings: merged.settings, problems: [...problems, ...checkSettings(merged.settings)] };
}

const urls: [text: string, host: string, port: number, secure: boolean][] = [
  ["mqtt://hub", "hub", 1883, false],
  ["mqtts://hub.lan", "hub.lan", 8883, true],
  ["MQTT://192.168.0.2:1884/", "192.168.0.2", 1884, false],
  ["mqtt://[fd00::1]", "fd00::1", 1883, false],
  ["mqtts://[fd00::1]:99", "fd00::1", 99, true],
];
for (const [text, host, port, secure] of urls) {
  test(`${text} is a broker`, () => {
    const mqttBroker = { secure, target: { host, port } };
    assert.deepEqual(parseValue("mqtt", "url", text), { ok: true, value: { mqttBroker } });
  });
}

for (const text of ["hub", "http://hub", "mqtt://", "mqtt://hub:0", "mqtt://hub:x", "mqtt://hub/topic", "mqtt://a b"]) {
  test(`${text} is no broker`, () => assert.equal(parseValue("mqtt", "url", text)?.ok, false));
}

test("no password is told, wherever it stands", () => {
  const { problems } = settingsOf("[mqtt]\nurl=mqtt://me:s3cret@hub\n");
  assert.match(problems[0] ?? "", /user and password have keys of their own/);
  assert.doesNotMatch(problems.join(), /s3cret/);
  const { settings } = settingsOf("[mqtt]\nurl=mqtt://hub\nuser=me\npassword=s3cret\nevents=closed, device-down\n");
  const printed = printSettings(settings);
  assert.doesNotMatch(printed, /s3cret/);
  assert.match(printed, /^events=closed, device-down$/m);
});

const wrong: [text: string, problem: RegExp][] = [
  ["[mqtt]\npassword=x", /\[mqtt\] password goes with user/],
  ["[mqtt]\nurl=mqtt://h\ntls-verify=false", /go with mqtts/],
  ["[mqtt]\nurl=mqtt://h\nevents=devise-down", /did you mean device-down/],
  ["[mqtt]\nurl=mqtt://h\nprefix=homeassistant\ndiscovery=homeassistant", /those of Home Assistant/],
  ["[mqtt]\nurl=mqtt://h\nqos=2", /0 or 1/],
  ["[mqtt]\nurl=mqtt://h\nprefix=a/#", /for those who subscribe/],
  ["[direct a]\nlisten=1\ntarget=h:1\nmqtt=x", /\[direct a\]: mqtt: no MQTT broker/],
  [
    "[mqtt]\nurl=mqtt://h\n[direct a]\nlisten=1\ntarget=h:1\nmqtt=x\n[mux b]\nlisten=2\ntarget=h:1\nmqtt=x",
    /\[mux b\]: mqtt: "x" is a topic of \[direct a\], too/,
  ],
  [
    `[mqtt]\nurl=mqtt://h\n${["a b", "a_b"].map((name, at) => `[mux ${name}]\nlisten=${at + 1}\ntarget=h:1\nprotocol=modbus\npublish=unit 1 coil 1 as x\n`).join("")}`,
    /\[mux a_b\]: publish: "a_b\/x" is a topic of \[mux a b\], too/,
  ],
  [
    "[mqtt]\nurl=mqtt://h\n[direct d]\nlisten=2\ntarget=h:1\nmqtt=a/x\n[mux a]\nlisten=1\ntarget=h:1\nprotocol=modbus\npublish=unit 1 coil 1 as x",
    /\[mux a\]: publish: "a\/x" is a topic of \[direct d\], too/,
  ],
  ["[mqtt]\nurl=mqtt://h\n[direct a]\nlisten=1\ntarget=h:1\nmqtt=x/set", /TOPIC\/set is what others write to/],
  ["[direct a]\nlisten=1\ntarget=h:1\ndial=always", /dial=always goes with mqtt/],
  [
    "[mqtt]\nurl=mqtt://h\n[direct a]\nlisten=1\ntarget=h:1\nmqtt=x\ndial=always\npayload=json",
    /does not go with dial=always/,
  ],
  ["[direct a]\nlisten=1\ntarget=h:1\npayload=raw", /payload goes with mqtt/],
];
for (const [text, problem] of wrong) {
  test(`${JSON.stringify(text)} is wrong`, () => assert.match(settingsOf(text).problems.join("\n"), problem));
}
