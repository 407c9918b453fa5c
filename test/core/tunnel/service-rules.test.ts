import assert from "node:assert/strict";
import { test } from "node:test";
import { formatServices, isService, parseServices } from "#src/core/tunnel/service-rules.js";
import { AllowedServices } from "#src/tunnel/allowed-services.js";

const lists: [text: string, formatted: string][] = [
  ["", ""],
  ["10.41.51.152:23", "10.41.51.152/32:23"],
  ["10.41.51.152:23, 192.168.0.0/24:80", "10.41.51.152/32:23, 192.168.0.0/24:80"],
  ["plc.Example.com:502 *.lan:80,,", "plc.example.com:502, *.lan:80"],
  ["[::1]:22 [2001:db8::/32]:22", "[::1/128]:22, [2001:db8::/32]:22"],
];
for (const [text, formatted] of lists) {
  test(`"${text}" is a list of services`, () => {
    const parsed = parseServices(text);
    assert.ok(parsed.ok);
    assert.equal(formatServices(parsed.value), formatted);
    assert.deepEqual(parseServices(formatted), parsed, "what is printed is read as the same");
  });
}

for (const text of [
  "10.0.0.1",
  "10.0.0.1:",
  ":23",
  "10.0.0.1:0",
  "10.0.0.1:65536",
  "::1:22",
  "a b:1",
  "10.0.0.0/33:1",
  "*:1",
]) {
  test(`"${text}" is no list of services`, () => assert.equal(parseServices(text).ok, false));
}

const names: [host: string, port: number, is: boolean][] = [
  ["10.41.51.152", 23, true],
  ["::1", 22, true],
  ["plc.example.com", 502, true],
  ["plc.example.com", 0, false],
  ["", 23, false],
  ["a b", 23, false],
  ["a\nb", 23, false],
  ["a/b", 23, false],
];
for (const [host, port, is] of names) {
  test(`${JSON.stringify(host)}, port ${port}, can${is ? "" : "not"} be looked for`, () =>
    assert.equal(isService({ host, port }), is));
}

const allowed: [allow: string, host: string, port: number, is: boolean][] = [
  ["", "10.41.51.152", 23, false],
  ["10.41.51.152:23", "10.41.51.152", 23, true],
  ["10.41.51.152:23", "10.41.51.152", 24, false],
  ["10.41.51.152:23", "10.41.51.153", 23, false],
  ["192.168.0.0/24:80", "192.168.0.7", 80, true],
  ["192.168.0.0/24:80", "192.168.1.7", 80, false],
  ["10.0.0.1:1, 10.0.0.2:2", "10.0.0.2", 1, false],
  ["plc.lan:502", "PLC.lan", 502, true],
  ["*.lan:502", "plc.lan", 502, true],
  ["*.lan:502", "lan", 502, false],
  ["*.lan:502", "a b.lan", 502, false],
  ["127.0.0.1:23", "localhost", 23, false],
  ["0.0.0.0/0:23", "plc.lan", 23, false],
  ["[::1]:22", "::1", 22, true],
  ["[::1]:22", "0:0:0:0:0:0:0:1", 22, true],
];
for (const [allow, host, port, is] of allowed) {
  test(`allow=${allow}: ${host}, port ${port}, may ${is ? "" : "not "}be reached`, () => {
    const parsed = parseServices(allow);
    assert.ok(parsed.ok);
    assert.equal(new AllowedServices(parsed.value).allows({ host, port }), is);
  });
}

test("of TCPR: that service and no other", () => {
  for (const host of ["10.41.51.152", "plc.lan", "::1"]) {
    const services = AllowedServices.only({ host, port: 23 });
    assert.ok(services.allows({ host, port: 23 }));
    assert.ok(!services.allows({ host, port: 24 }));
    assert.ok(!services.allows({ host: "10.41.51.1", port: 23 }));
  }
});
