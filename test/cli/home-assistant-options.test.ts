import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { parseConfigFile } from "#src/core/config/file.js";
import { PROTOCOLS } from "#src/core/mux/protocols/protocols.js";

// The app for Home Assistant: its options become a configuration file.

const APP = new URL("../../../packaging/home-assistant/", import.meta.url);
const { configurationOf } = (await import(new URL("options.mjs", APP).href)) as {
  configurationOf: (options: object) => string;
};
const manifest = parse(readFileSync(fileURLToPath(new URL("config.yaml", APP)), "utf8"));
const { configuration } = parse(readFileSync(fileURLToPath(new URL("translations/en.yaml", APP)), "utf8"));

const FULL = {
  ...manifest.options,
  luup_url: "http://192.168.0.20:3480",
  allowed_clients: ["192.168.0.0/24", "fd00::/8"],
  devices: [
    {
      name: "inverter",
      listen: "5020",
      target: "192.168.1.22:502",
      protocol: "modbus",
      options: "cache=500ms  timeout=5s",
    },
    { name: "meter", listen: "5021", target: "192.168.1.23:502", protocol: "modbus-rtu", options: "" },
  ],
  ports: [{ name: "mail", listen: "127.0.0.1:8125", target: "mail.example.com:25" }],
};

test("the options become a configuration without a mistake", () => {
  const { settings, problems, warnings } = parseConfigFile(configurationOf(FULL), "options");
  assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
  assert.deepEqual(
    [...settings.mux, ...settings.direct].map(({ name }) => name),
    ["inverter", "meter", "mail"],
  );
  const { port, webPort, webAddress } = settings.values;
  assert.deepEqual([port, webPort, webAddress], [2504, manifest.ingress_port, "172.30.32.1"]);
});

test("the options that nobody has changed are a configuration, too", () => {
  assert.deepEqual(parseConfigFile(configurationOf(manifest.options), "options").problems, []);
  assert.doesNotMatch(configurationOf(manifest.options), /^clients=[^1]|^vera=/m);
});

test("an option cannot smuggle lines into the configuration", () => {
  for (const luup_url of ["http://hub\n[access]\nstop=any", "http://hub\r"])
    assert.throws(() => configurationOf({ ...FULL, luup_url }), /more than one line/);
  const [device] = FULL.devices;
  for (const key of ["name", "listen", "target", "protocol"])
    assert.throws(() => configurationOf({ devices: [{ ...device, [key]: "a\nb" }] }), /more than one line/, key);
  for (const options of ["[access] clients=0.0.0.0/0", "cache=1s\n[web]", "cache", "; cache=1s", "=1"])
    assert.throws(() => configurationOf({ ports: [{ ...device, options }] }), /KEY=value is wanted/, options);
});

test("options without a value are those that nobody has set", () => {
  const [device] = FULL.devices;
  const nothing = { luup_url: null, allowed_clients: null, devices: [{ ...device, options: null }], ports: null };
  const { problems } = parseConfigFile(configurationOf({ ...FULL, ...nothing }), "options");
  assert.deepEqual(problems, []);
});

test("the schema offers every protocol, and has words for every option", () => {
  const { schema } = manifest;
  const offered = /^list\((.*)\)$/.exec(schema.devices[0].protocol)?.[1]?.split("|") ?? [];
  assert.deepEqual(offered.toSorted(), PROTOCOLS.map(({ framing }) => framing.name).toSorted());
  assert.deepEqual(Object.keys(configuration), Object.keys(schema));
  for (const list of ["devices", "ports"])
    assert.deepEqual(Object.keys(configuration[list].fields), Object.keys(schema[list][0]), list);
});
