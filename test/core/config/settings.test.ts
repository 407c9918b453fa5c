import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS, maskPassword, mayStop, parseHostValue } from "#src/core/config/settings.js";

test("the defaults are the seed's", () => {
  assert.deepEqual(DEFAULT_SETTINGS, {
    ip: "*",
    port: 2504,
    vera: "http://127.0.0.1:3480",
    log: "-",
    debug: false,
    stop: "local",
    renotify: 0,
    direct: [],
  });
});

const masked: [string, string][] = [
  ["http://hub:3480", "http://hub:3480"],
  ["http://me:secret@hub:3480/x", "http://me:***@hub:3480/x"],
  ["http://me:sec:r@et@hub", "http://me:***@hub"],
  ["http://token@hub", "http://***@hub"],
  ["http://hub:3480/x@y", "http://hub:3480/x@y"],
  ["ftp://me:secret@hub", "ftp://me:***@hub"],
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
  test(`${url} is no URL of a Luup system`, () => assert.equal(parseHostValue("vera", url)?.ok, false));
}

test("STOP is for clients of this machine, unless configured otherwise", () => {
  const local = { ...DEFAULT_SETTINGS, stop: "local" } as const;
  const any = { ...DEFAULT_SETTINGS, stop: "any" } as const;
  assert.deepEqual(
    ["127.0.0.1", "::1", "192.168.0.20", "2001:db8::1"].map((address) => mayStop(local, address)),
    [true, true, false, false],
  );
  assert.deepEqual(
    ["127.0.0.1", "192.168.0.20"].map((address) => mayStop(any, address)),
    [true, true],
  );
});
