import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { Features } from "#src/daemon/features.js";
import { listenersOf } from "#src/daemon/listeners.js";
import { servicesHere } from "../support/services.js";

const FILE = `
[direct]
8125=device:23
[mux]
5020=inverter:502
[mux meter]
listen=127.0.0.1:5021, 5022
target=meter:502
[tunnel]
7000=EXPOSE 127.0.0.1:8080>127.0.0.1:80
`;

test("each place of each line has a listener; the control socket comes last", async (t) => {
  const { settings: file, problems } = parseConfigFile(FILE, "conf");
  assert.deepEqual(problems, []);
  const { values, ...lines } = file;
  const settings = { ...DEFAULT_SETTINGS, ...values, ...lines, port: 2504, control: "/run/control.sock" };
  const features = new Features(servicesHere(t).generation.context);
  t.after(() => features.close("the test has ended"));
  await features.load(settings);
  const listeners = listenersOf(settings, features).map(({ kind, host = "", port, accepts }) => [
    kind,
    host,
    port,
    accepts,
  ]);
  assert.deepEqual(listeners, [
    ["proxy", "", 2504, "clients"],
    ["direct", "", 8125, "clients"],
    ["mux", "", 5020, "clients"],
    ["mux", "127.0.0.1", 5021, "clients"],
    ["mux", "", 5022, "clients"],
    ["tunnel", "", 7000, "devices"],
    ["control", "", 0, "clients"],
  ]);
});
