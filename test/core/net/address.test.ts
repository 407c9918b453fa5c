import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  canonicalAddress,
  formatHostPort,
  isAddress,
  isIPv4,
  isLoopback,
  parseHostPort,
  parsePort,
  plainAddress,
} from "#src/core/net/address.js";

const good: [string, string, number][] = [
  ["192.168.0.155:3232", "192.168.0.155", 3232],
  ["mail.example.com:25", "mail.example.com", 25],
  ["my_box-2:65535", "my_box-2", 65535],
  ["host.local.:1", "host.local.", 1],
  ["[::1]:80", "::1", 80],
  ["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
  ["[fe80::1%br-lan.10]:80", "fe80::1%br-lan.10", 80],
  ["[fe80::1%2]:80", "fe80::1%2", 80],
  ["[::ffff:10.0.0.1]:7", "::ffff:10.0.0.1", 7],
];
for (const [text, host, port] of good) {
  test(`target ${text} is read and written the same`, () => {
    assert.deepEqual(parseHostPort(text), { ok: true, value: { host, port } });
    assert.equal(formatHostPort({ host, port }), text);
  });
}

const bad: [string, RegExp][] = [
  ["", /bad target ""/],
  ["host", /bad target "host"/],
  ["host:", /bad port ""/],
  ["host:0", /bad port "0"/],
  ["host:65536", /bad port "65536"/],
  ["host:8o", /bad port "8o"/],
  ["host:-1", /bad port/],
  [":80", /bad host ""/],
  ["::1:80", /bad target/],
  ["[::1]", /bad target/],
  ["[127.0.0.1]:80", /bad host/],
  ["[::g]:80", /bad host/],
  ["[fe80::1%]:80", /bad host/],
  ["[fe80::1%eth0%eth0]:80", /bad host/],
  ["[fe80::1%eth 0]:80", /bad host/],
  ['[fe80::1%"]:80', /bad host/],
  ["[fe80::1%sixteenletters16]:80", /bad host/],
  ["[fe80::1%e\u009b]:80", /bad host/],
  ["[fe80::1%e\u202e]:80", /bad host/],
  ["[fe80::1%\u00e9]:80", /bad host/],
  ["[fe80::1%e\n]:80", /bad host/],
  ["999.1.1.1:80", /bad host "999.1.1.1"/],
  ["1.2.3:80", /bad host/],
  ["-x:80", /bad host/],
  ["a..b:80", /bad host/],
  [`${"a".repeat(254)}:80`, /bad host/],
];
for (const [text, message] of bad) {
  test(`target "${text.slice(0, 30)}" is refused`, () => {
    const result = parseHostPort(text);
    assert.ok(!result.ok);
    assert.match(result.message, message);
  });
}

test("ports are decimal numbers from 1 to 65535", () => {
  for (const text of ["1", "2504", "65535"]) assert.deepEqual(parsePort(text), { ok: true, value: Number(text) });
  for (const text of ["", "0", "65536", "0x10", "1e3", " 1", "+1", "123456"]) assert.equal(parsePort(text).ok, false);
});

test("an IPv4 client of a dual-stack listener shows as IPv4", () => {
  assert.equal(plainAddress("::ffff:192.168.0.20"), "192.168.0.20");
  assert.equal(plainAddress("::1"), "::1");
  assert.equal(plainAddress("10.0.0.1"), "10.0.0.1");
});

test("loopback is 127.0.0.0/8 and ::1, nothing else", () => {
  for (const address of ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"]) assert.equal(isLoopback(address), true);
  for (const address of ["10.0.0.1", "::ffff:10.0.0.1", "::2", "fe80::1", "", "127.evil.example.com"]) {
    assert.equal(isLoopback(address), false, address);
  }
});

const canonical: [string, string][] = [
  ["192.168.0.20", "192.168.0.20"],
  ["::ffff:192.168.0.20", "192.168.0.20"],
  ["::FFFF:c0a8:14", "192.168.0.20"],
  ["0:0:0:0:0:ffff:0.0.0.0", "0.0.0.0"],
  ["::ffff:7f00:1", "127.0.0.1"],
  ["2001:DB8:0:0::1", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["::", "::"],
  ["hub", "hub"],
  ["", ""],
];
for (const [text, expected] of canonical) {
  test(`"${text}" has the canonical form "${expected}"`, () => assert.equal(canonicalAddress(text), expected));
}

test("any host and port are read as they are written", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
      assert.deepEqual(parseHostPort(formatHostPort({ host: name, port })), { ok: true, value: { host: name, port } });
    }),
  );
});

test("an address has one canonical form, whatever its case, zone or notation", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const canonical = canonicalAddress(address);
      assert.equal(canonicalAddress(canonical), canonical);
      assert.equal(canonicalAddress(address.toUpperCase()), canonical);
      assert.equal(canonicalAddress(`${address}%eth0`), canonical);
      if (isIPv4(address)) assert.equal(canonicalAddress(`::ffff:${address}`), canonical);
    }),
  );
});

test("an address is an IPv4 or IPv6 literal, a name is none", () => {
  for (const address of ["10.0.0.1", "::1", "fe80::1%eth0"]) assert.equal(isAddress(address), true, address);
  for (const name of ["hub", "10.0.0", "10.0.0.256", "[::1]", "::1%", ""]) assert.equal(isAddress(name), false, name);
});
