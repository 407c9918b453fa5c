import assert from "node:assert/strict";
import { test } from "node:test";
import { formatServices, isService, parseServices } from "#src/core/tunnel/service-rules.js";

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
