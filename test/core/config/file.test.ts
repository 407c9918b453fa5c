import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfigFile } from "#src/core/config/file.js";

test("sections and keys come in any case, values as they stand", () => {
  const { settings, problems } = parseConfigFile(
    "\uFEFF; comment\r\n# comment\r\n\r\n[HOST]\r\nIP = 192.168.0.1\r\nPort=2505\r\ndebug\r\nLOG=/tmp/a;b#c.log\r\n" +
      "vera=http://u:p%23;=@hub:3480/port_3480\r\nstop=ANY\r\nrenotify=2.5\r\n[Direct]\r\n8125=CONN m:25 NTFY=55/urn:x/Act/q;#=\"'\r\n8126=m:26\r\n",
    "f",
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(settings.values, {
    ip: "192.168.0.1",
    port: 2505,
    debug: true,
    log: "/tmp/a;b#c.log",
    vera: "http://u:p%23;=@hub:3480/port_3480",
    stop: "any",
    renotify: 2500,
  });
  assert.deepEqual(
    settings.direct.map(({ port, route }) => [port, route.target, route.options.notify?.pid]),
    [
      [8125, { host: "m", port: 25 }, "q;#=\"'"],
      [8126, { host: "m", port: 26 }, undefined],
    ],
  );
});

test("quotes around a whole value are removed", () => {
  assert.equal(parseConfigFile('[host]\nlog="/tmp/my log"', "f").settings.values.log, "/tmp/my log");
});

for (const [text, value] of [
  ["debug", true],
  ["debug=", true],
  ["debug=true", true],
  ["debug=1", true],
  ["debug=off", false],
  ["debug=false", false],
] as const) {
  test(`${text} is ${value}`, () => assert.equal(parseConfigFile(`[host]\n${text}`, "f").settings.values.debug, value));
}

test("all mistakes are reported at once, each with file, line, section and key", () => {
  const { problems } = parseConfigFile(
    [
      "port=1", // 1
      "[host]", // 2
      "port=99999", // 3
      "prot=2504", // 4
      "vera=ftp://hub", // 5
      "debug=perhaps", // 6
      "[hosts]", // 7
      "ip=*", // 8
      "[direct]", // 9
      "8125=CONN mail:25", // 10
      "8125=CONN mail:26", // 11
      "web=CONN mail:25", // 12
      "8126=CONN mail", // 13
      "8127=CONN mail:25 FOO=1", // 14
      "8128", // 15
      "=nothing", // 16
      "port=2504 ; inline", // 17
    ].join("\n"),
    "my.conf",
  );
  const expected: [number, RegExp][] = [
    [1, /port: stands before any section/],
    [3, /\[host\] port: bad port "99999"/],
    [4, /\[host\] prot: unknown key/],
    [5, /\[host\] vera: bad URL "ftp:\/\/hub"/],
    [6, /\[host\] debug: bad value "perhaps"/],
    [7, /\[hosts\]: unknown section/],
    [11, /\[direct\] 8125: port 8125 is given twice, first in line 10/],
    [12, /\[direct\] web: bad port/],
    [13, /\[direct\] 8126: bad target "mail"/],
    [14, /\[direct\] 8127: unknown option "FOO"/],
    [15, /\[direct\] 8128: no target/],
    [16, /not understood: =nothing/],
    [17, /\[direct\] port: bad port/],
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  for (const [index, [line, message]] of expected.entries()) {
    assert.ok(problems[index]?.startsWith(`my.conf:${line}: `), problems[index]);
    assert.match(problems[index] ?? "", message);
  }
});

test("any value with ; # = quotes or backslashes in it survives", () => {
  const value = fc.stringMatching(/^[a-z][a-z;#="'\\ ]*[a-z]$/);
  fc.assert(
    fc.property(value, (text) => {
      const { settings, problems } = parseConfigFile(`[host]\nlog=${text}`, "f");
      assert.deepEqual(problems, []);
      assert.equal(settings.values.log, text);
    }),
  );
});

test("any text is accepted or reported, and never throws", () => {
  const word = fc.oneof(fc.constantFrom("__proto__", "constructor", "host", "direct", "[", "]", "=", ";"), fc.string());
  const line = fc.oneof(
    word.map((name) => `[${name}]`),
    fc.tuple(word, word).map((pair) => pair.join("=")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(fc.array(line), (lines) => void parseConfigFile(lines.join("\n"), "f")));
});

test("a password in a wrong URL does not reach the message", () => {
  const { problems } = parseConfigFile("[host]\nvera=ftp://me:secret@hub", "f");
  assert.doesNotMatch(problems.join(), /secret/);
});

test("a file that is no configuration at all is told in a hundred short problems", () => {
  const { problems } = parseConfigFile(`[host]\n${"x\n".repeat(50_000)}`, "f");
  assert.equal(problems.length, 101);
  assert.equal(problems.at(-1), "f: and 49900 more problems");
  const [long = ""] = parseConfigFile(`[mux]\n1=h:1 ${"x".repeat(100_000)}`, "f").problems;
  assert.match(long, /^f:2: \[mux\] 1: unknown option "x+…$/);
  assert.ok(long.length < 1000);
});

test("a file in another encoding than UTF-8 is told so", () => {
  const read = (text: string, encoding: BufferEncoding) =>
    parseConfigFile(Buffer.from(text, encoding).toString("utf8"), "f");
  const latin1 = read("; W\u00e4rme\n[mux W\u00e4rme]\nlisten=5020\ntarget=h:1\n", "latin1");
  assert.deepEqual(latin1.problems, []);
  assert.deepEqual(latin1.warnings, ["f:2: a character is not in UTF-8: save the file in UTF-8"]);
  const { problems } = read("\uFEFF[host]\nport=2504\n", "utf16le");
  assert.deepEqual(problems, ["f: the file is in UTF-16: save it in UTF-8"]);
});
