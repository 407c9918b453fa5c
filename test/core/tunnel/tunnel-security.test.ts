import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { printSettings } from "#src/core/config/print-settings.js";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";

const LINE = "EXPOSE 0.0.0.0:8023>10.41.51.152:23";
const FILES = "CERT=/c.pem PKEY=/k.pem";

test("the options of a tunnel are separate from those of its clients, which STAT shows", () => {
  const route = parseTunnelRoute(`${LINE} TLS=1 ${FILES} CAFI=/a.pem SECR=sesame IDLE=5`);
  assert(route.ok);
  const { options, tunnel } = route.value;
  assert.equal(options.quietMs, 5000);
  assert.doesNotMatch(JSON.stringify(options), /sesame|pem/);
  assert.deepEqual(tunnel, {
    stallMs: 5000,
    probeMs: 30_000,
    resumeMs: 0,
    tls: true,
    certificate: "/c.pem",
    key: "/k.pem",
    authority: "/a.pem",
    secret: "sesame",
    devices: [],
  });
});

const wrongLines: [string, RegExp][] = [
  ["TLS=1", /^TLS=true needs CERT and PKEY$/],
  ["TLS=1 CERT=/c.pem", /^TLS=true needs CERT and PKEY$/],
  ["TLS=hub CAFI=/a.pem", /^CERT, PKEY and CAFI go with TLS=true: \[tls hub\] has the files$/],
  ["SECR=sesame", /^CERT, PKEY, CAFI and SECR go with TLS=true$/],
  [`TLS=0 ${FILES}`, /^CERT, PKEY, CAFI and SECR go with TLS=true$/],
  ["CAFI=/a.pem", /^CERT, PKEY, CAFI and SECR go with TLS=true$/],
];
for (const [options, message] of wrongLines) {
  test(`a [tunnel] line with ${options} is refused`, () => {
    const route = parseTunnelRoute(`${LINE} ${options}`);
    assert(!route.ok);
    assert.match(route.message, message);
    assert.doesNotMatch(route.message, /sesame/);
  });
}

const devices: [string, string[]][] = [
  ["tls=true\nsecret=sesame\nca=/a\ncert=/c\nkey=/k", []],
  ["tls=true", []],
  ["tls=hub\nca=/a.pem", ["[device] ca, cert and key go with tls=true: [tls hub] has the files"]],
  ["secret=sesame", ["[device] secret is told over TLS only: tls is wanted"]],
  ["ca=/a", ["[device] ca, cert and key go with tls"]],
  ["tls=true\ncert=/c", ["[device] cert and key: one needs the other"]],
  ["tls=true\nkey=/k", ["[device] cert and key: one needs the other"]],
];
for (const [lines, problems] of devices) {
  test(`[device] with ${lines.replaceAll("\n", ", ")}: ${problems.length === 0 ? "nothing" : "something"} is wrong`, () => {
    const { settings } = parseConfigFile(`[device]\n${lines}\n`, "f");
    assert.deepEqual(checkSettings({ ...DEFAULT_SETTINGS, ...settings.values }), problems);
  });
}

test("a secret is no longer than a frame", () => {
  const [most, more] = ["s".repeat(65_535), "é".repeat(32_768)];
  for (const [secret, isRight] of [
    [most, true],
    [more, false],
  ] as const) {
    assert.equal(parseTunnelRoute(`${LINE} TLS=1 ${FILES} SECR=${secret}`).ok, isRight);
    const { problems } = parseConfigFile(`[device]\ntls=true\nsecret=${secret}\n`, "f");
    assert.deepEqual(
      problems.map((problem) => problem.replace(secret, "…")),
      isRight ? [] : ["f:3: [device] secret: a secret has 65535 bytes at most"],
    );
  }
});

test("the settings are printed with secrets masked, also those in quotes", () => {
  for (const value of [`${LINE} TLS=1 ${FILES} secr=sesame`, `"${LINE} TLS=1 ${FILES} SECR=sesame"`]) {
    const { settings, problems } = parseConfigFile(`[device]\ntls\nsecret=sesame\n[tunnel]\n7000=${value}\n`, "f");
    assert.deepEqual(problems, []);
    const { values, ...lines } = settings;
    const printed = printSettings({ ...DEFAULT_SETTINGS, ...values, ...lines });
    assert.match(printed, /^secret=\*\*\*$/m);
    assert.match(printed, / secret=\*\*\*/);
    assert.doesNotMatch(printed, /sesame/);
  }
});
