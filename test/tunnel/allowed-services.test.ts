import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServices } from "#src/core/tunnel/service-rules.js";
import { AllowedServices } from "#src/tunnel/allowed-services.js";

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

test("only: that service and no other (TCPR)", () => {
  for (const host of ["10.41.51.152", "plc.lan", "::1"]) {
    const services = AllowedServices.only({ host, port: 23 });
    assert.ok(services.allows({ host, port: 23 }));
    assert.ok(!services.allows({ host, port: 24 }));
    assert.ok(!services.allows({ host: "10.41.51.1", port: 23 }));
  }
});

test("its text is the list as the configuration would have it", () => {
  const parsed = parseServices("10.0.0.1:23,  [::1]:22 plc.lan:502");
  assert.ok(parsed.ok);
  const { text } = new AllowedServices(parsed.value);
  const again = parseServices(text);
  assert.deepEqual(again.ok && new AllowedServices(again.value).text, text);
  assert.match(text, /10\.0\.0\.1.*:23, .*::1.*:22, plc\.lan:502/);
  assert.equal(new AllowedServices([]).text, "");
});
