import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS, parseValue } from "#src/core/config/keys.js";
import { mergeFile } from "#src/core/config/merge-file.js";
import { maskPassword, maskSecrets } from "#src/core/config/values.js";
import { NO_TLS, TLS_OF_FILES } from "#src/core/tunnel/tunnel-tls.js";

test("the defaults are those of the original", () => {
  assert.deepEqual(DEFAULT_SETTINGS, {
    ip: "*",
    port: 2504,
    listenTls: "",
    proxies: [],
    webProxies: [],
    vera: "http://127.0.0.1:3480",
    log: "-",
    logFormat: "text",
    logLevel: "info",
    logSize: 0,
    logFiles: 5,
    debug: false,
    time: "local",
    renotify: 0,
    webhook: "",
    keepalive: 30_000,
    clients: [],
    devices: [],
    targets: [],
    denyTargets: [],
    maxConnections: 0,
    maxPerClient: 0,
    stop: "local",
    watch: [],
    auditSize: 10_485_760,
    auditFiles: 5,
    alertUrl: "",
    alertChecksums: 10,
    mqttBroker: undefined,
    mqttUser: "",
    mqttPassword: "",
    mqttClientId: "",
    mqttPrefix: "sockproxyd",
    mqttQos: 0,
    mqttRetain: true,
    mqttTls: "",
    mqttTlsVerify: true,
    mqttPayload: "json",
    mqttEvents: [],
    mqttCounters: 30_000,
    mqttDiscovery: "off",
    mqttDiscoveryPrefix: "homeassistant",
    webPort: 0,
    webAddress: "127.0.0.1",
    webNames: [],
    webClients: [],
    webUser: "",
    webPassword: "",
    webTrustedProxy: [],
    linesEssential: false,
    control: "",
    logStyle: "date",
    deviceServers: [],
    deviceAllow: [],
    deviceTls: NO_TLS,
    deviceAuthority: "",
    deviceCertificate: "",
    deviceKey: "",
    deviceSecret: "",
    deviceName: "",
    direct: [],
    mux: [],
    tunnel: [],
    namedDevices: [],
    tlsIdentities: [],
    webhooks: [],
  });
});

const masked: [string, string][] = [
  ["http://hub:3480", "http://hub:3480"],
  ["http://me:secret@hub:3480/x", "http://me:***@hub:3480/x"],
  ["http://me:sec:r@et@hub", "http://me:***@hub"],
  ["http://token@hub", "http://***@hub"],
  ["http://hub:3480/x@y", "http://hub:3480/x@y"],
  ["ftp://me:secret@hub", "ftp://me:***@hub"],
  // mistyped, and a secret all the same
  ["mqtt:/me:secret@hub", "mqtt:/me:***@hub"],
  ["mqtt//me:secret@hub", "mqtt//me:***@hub"],
  ["me:secret@hub", "me:***@hub"],
  ["mqtt://me:sec/r?et@hub", "mqtt://me:***@hub"],
];
for (const [url, expected] of masked) test(`${expected} masks`, () => assert.equal(maskPassword(url), expected));

for (const url of [
  "hub:3480",
  "ftp://hub",
  "http://",
  "http://hub/?x=1",
  "http://hub/#x",
  "http://me:100%@hub",
  "http://a%zz@hub",
]) {
  test(`${url} is no URL of a Luup engine`, () => assert.equal(parseValue("host", "vera", url)?.ok, false));
}

const webhooks: [string, string][] = [
  ["http://hub:3480", "http://hub:3480"],
  ["https://me:secret@hub/x?token=a?b", "https://me:***@hub/x?***"],
  ["http://token@hub/x?", "http://***@hub/x?***"],
];
for (const [url, expected] of webhooks) {
  test(`alerts can go to ${expected}`, () => {
    assert.deepEqual(parseValue("alert", "url", url), { ok: true, value: { alertUrl: url } });
    assert.equal(maskSecrets(url), expected);
  });
}

for (const url of ["hub:3480", "ftp://hub/?secret", "http://hub/?secret#x", "http://me:secret%@hub"]) {
  test(`${url} is no URL for alerts, and the message hides its secrets`, () => {
    const parsed = parseValue("alert", "url", url);
    assert.ok(parsed?.ok === false);
    assert.doesNotMatch(parsed.message, /secret/);
  });
}

test("two lines on one port: the problem names both", () => {
  const text =
    "[mux a]\nlisten=5020\ntarget=h:1\n[direct b]\nlisten=5020\ntarget=h:1\n[direct]\n8080=h:1\n[web]\nport=8080\n";
  const { settings } = parseConfigFile(text, "f");
  assert.deepEqual(checkSettings(mergeFile(DEFAULT_SETTINGS, settings).settings), [
    "[mux a]: port 5020 is the port [direct b] listens on",
    "[web] port: 8080 is the port [direct] 8080 listens on",
  ]);
});

test("two devices have two servers: one would end the links of the other", () => {
  const one = { ...DEFAULT_SETTINGS, name: "one", deviceServers: [{ host: "Server", port: 7000 }] };
  const two = { ...one, name: "two", deviceServers: [{ host: "server", port: 7000 }] };
  const problem = "[device two]: server:7000 is the server of [device one], too; it takes one link at a time";
  assert.deepEqual(checkSettings({ ...DEFAULT_SETTINGS, namedDevices: [one, two] }), [problem]);
  const unnamed = { ...DEFAULT_SETTINGS, deviceServers: one.deviceServers };
  assert.match(
    checkSettings({ ...unnamed, namedDevices: [one] })[0] ?? "",
    /^\[device one\]: .*server of \[device\], too/,
  );
  const another = { ...two, deviceServers: [{ host: "server", port: 7001 }] };
  assert.deepEqual(checkSettings({ ...unnamed, namedDevices: [another] }), []);
  const secret = { deviceTls: TLS_OF_FILES, deviceSecret: "s" };
  const [barn, mill] = ["barn", "mill"].map((deviceName) => ({ ...one, ...secret, name: deviceName, deviceName }));
  assert(barn !== undefined && mill !== undefined);
  assert.deepEqual(checkSettings({ ...DEFAULT_SETTINGS, namedDevices: [barn, mill] }), []);
  assert.match(
    checkSettings({ ...DEFAULT_SETTINGS, namedDevices: [barn, { ...barn, name: "copy" }] })[0] ?? "",
    /^\[device copy\]: server:7000 is the server of \[device barn\], too, by the same name; /,
  );
});
