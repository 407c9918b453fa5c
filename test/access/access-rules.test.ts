import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessRules } from "#src/access/access-rules.js";
import { DEFAULT_SETTINGS, parseValue } from "#src/core/config/keys.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { from } from "../support/origin.js";

/** The access rules of an `[access]` section. */
function access(section: Readonly<Record<string, string>>): AccessRules {
  let settings = DEFAULT_SETTINGS;
  for (const [key, text] of Object.entries(section)) {
    const parsed = parseValue("access", key, text);
    assert.ok(parsed?.ok, key);
    settings = { ...settings, ...parsed.value };
  }
  return new AccessRules(settings);
}

const clients: [string, string, boolean][] = [
  ["", "203.0.113.9", true],
  ["192.168.0.0/24", "192.168.0.20", true],
  ["192.168.0.0/24", "192.168.1.20", false],
  ["192.168.0.0/24", "127.0.0.1", false],
  ["192.168.0.0/24", "::1", false],
  ["2001:db8::/32", "2001:db8::5", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["127.0.0.1 ::1", "::1", true],
];
for (const [rule, address, expected] of clients) {
  test(`clients=${rule} ${expected ? "admits" : "refuses"} ${address}`, () =>
    assert.equal(access({ clients: rule }).admits(from(address)), expected));
}

const devices: [string, string, string, boolean][] = [
  ["", "", "203.0.113.9", true],
  ["192.168.0.0/24", "", "203.0.113.9", false],
  ["192.168.0.0/24", "", "192.168.0.20", true],
  ["192.168.0.0/24", "203.0.113.0/24", "203.0.113.9", true],
  ["192.168.0.0/24", "203.0.113.0/24", "192.168.0.20", false],
  ["", "203.0.113.0/24", "192.168.0.20", false],
];
for (const [rule, own, address, expected] of devices) {
  test(`clients=${rule} devices=${own}: ${address} ${expected ? "may" : "may not"} be a device`, () =>
    assert.equal(access({ clients: rule, devices: own }).admitsDevice(from(address)), expected));
}

// targets, deny-targets, host, one of its addresses
const targets: [string, string, string, string, boolean][] = [
  ["", "", "anything.example", "203.0.113.9", true],
  ["192.168.0.0/16", "", "192.168.4.5", "192.168.4.5", true],
  ["192.168.0.0/16", "", "10.0.0.1", "10.0.0.1", false],
  ["192.168.0.0/16", "", "hub.lan", "192.168.4.5", true],
  ["192.168.0.0/16", "", "hub.lan", "10.0.0.1", false],
  ["*.lan", "", "hub.lan", "10.0.0.1", true],
  ["*.lan", "", "10.0.0.1", "10.0.0.1", false],
  ["", "127.0.0.0/8", "127.1.2.3", "127.1.2.3", false],
  ["", "127.0.0.0/8", "evil.example", "127.0.0.1", false],
  ["", "127.0.0.0/8", "::ffff:127.0.0.1", "::ffff:127.0.0.1", false],
  ["", "127.0.0.0/8", "::ffff:7f00:1", "::ffff:7f00:1", false],
  ["", "127.0.0.0/8", "0.0.0.0", "0.0.0.0", false],
  ["", "127.0.0.0/8", "::", "::", false],
  ["", "::1", "0.0.0.0", "0.0.0.0", false],
  ["0.0.0.0", "", "0.0.0.0", "0.0.0.0", false],
  ["", "*.evil.example", "a.evil.example", "203.0.113.9", false],
  ["*.lan", "10.0.0.0/8", "hub.lan", "10.0.0.1", false],
  ["*.lan", "bad.lan", "bad.lan", "192.168.0.1", false],
  ["::/0", "", "hub.lan", "192.168.0.1", true],
];
for (const [allow, deny, host, address, expected] of targets) {
  test(`targets=${allow} deny-targets=${deny} ${expected ? "permits" : "forbids"} ${host} at ${address}`, () =>
    assert.equal(access({ targets: allow, "deny-targets": deny }).permits(host, address), expected));
}

test("TCPR and RELD are for clients on this machine only, whatever the configuration says", () => {
  const open = access({ stop: "any", watch: "0.0.0.0/0 ::/0" });
  for (const permission of ["tunnel", "reload"] as const) {
    for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "::1"])
      assert.equal(open.denialReason(permission, from(address)), undefined);
    for (const address of ["192.168.0.20", "::ffff:10.0.0.1", "2001:db8::5"]) {
      assert.equal(open.denialReason(permission, from(address)), "not from another machine");
    }
  }
});

test("a client without an address may connect, may not be a device where devices are listed, and has no permissions", () => {
  const shared = sharedOrigin("mux port 1");
  assert.ok(access({ clients: "192.168.0.0/24" }).admits(shared));
  assert.ok(access({ clients: "192.168.0.0/24" }).admitsDevice(shared));
  assert.ok(!access({ devices: "0.0.0.0/0" }).admitsDevice(shared));
  const open = access({ stop: "any", watch: "0.0.0.0/0 ::/0" });
  for (const permission of ["stop", "reload", "tunnel", "watch", "monitor"] as const)
    assert.ok(open.denialReason(permission, shared));
});
