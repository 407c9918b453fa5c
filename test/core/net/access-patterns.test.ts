import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPatterns, matchesName, parseNetworks, parseTargetPatterns } from "#src/core/net/access-patterns.js";

const formatted: [string, string][] = [
  ["", ""],
  ["192.168.0.0/24", "192.168.0.0/24"],
  ["10.0.0.1, ::1\t2001:db8::/32,,", "10.0.0.1/32, ::1/128, 2001:db8::/32"],
  ["0.0.0.0/0 ::/0", "0.0.0.0/0, ::/0"],
];
for (const [text, expected] of formatted) {
  test(`"${text}" is a list of networks`, () => {
    const parsed = parseNetworks(text);
    assert.equal(parsed.ok && formatPatterns(parsed.value), expected);
  });
}

for (const text of [
  "10.0.0.0/33",
  "::/129",
  "10.0.0/8",
  "10.0.0.1/",
  "10.0.0.0/8/8",
  "10.0.0.0/x",
  "fe80::1%eth0",
  "hub",
]) {
  test(`"${text}" is no network`, () => assert.equal(parseNetworks(`10.0.0.1, ${text}`).ok, false));
}

for (const text of ["*", "*.", "*.*.de", "a.*.de", "-x.de", "hub:80", "http://hub", "10.0.0.0/33"]) {
  test(`"${text}" is no target`, () => assert.equal(parseTargetPatterns(text).ok, false));
}

const names: [string, string, boolean][] = [
  ["hub.example.com", "hub.example.com", true],
  ["hub.example.com", "HUB.Example.com.", true],
  ["Hub.Example.COM.", "hub.example.com", true],
  ["hub.example.com", "x.hub.example.com", false],
  ["*.example.com", "hub.example.com", true],
  ["*.example.com", "a.b.example.com", true],
  ["*.example.com", "example.com", false],
  ["*.example.com", "badexample.com", false],
  ["10.0.0.0/8", "10.0.0.1", false],
];
for (const [pattern, host, expected] of names) {
  test(`the name pattern ${pattern} ${expected ? "covers" : "does not cover"} ${host}`, () => {
    const parsed = parseTargetPatterns(pattern);
    assert.equal(parsed.ok && matchesName(parsed.value, host), expected);
  });
}

test("a printed list reads as the same list", () => {
  const address = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          address.map(([net, prefix]) => `${net}/${prefix}`),
          fc.domain(),
        ),
      ),
      (words) => {
        const parsed = parseTargetPatterns(words.join(","));
        assert.ok(parsed.ok);
        assert.deepEqual(parseTargetPatterns(formatPatterns(parsed.value)), parsed);
      },
    ),
  );
});
