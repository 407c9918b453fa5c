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
    tls: { kind: "files" },
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

const BARN = "barn@127.0.0.1:8080>192.168.0.3:80";
const MILL = "mill@127.0.0.1:8081>192.168.0.3:80";
const wrongDevices: [text: string, message: RegExp][] = [
  [`${BARN} DEVC=barn:sesame`, /^CERT, PKEY, CAFI, SECR and DEVC go with TLS=true$/],
  [`${BARN} TLS=1 ${FILES}`, /^barn is no device of this line: DEVC=barn:secret is missing$/],
  [`${BARN} ${MILL} TLS=1 ${FILES} DEVC=barn:sesame`, /^mill is no device of this line; its devices are barn$/],
  [
    `0.0.0.0:1>h:2 TLS=1 ${FILES} DEVC=barn:sesame`,
    /^0\.0\.0\.0:1 does not say beside which device its service is: barn 0\.0\.0\.0:1>…$/,
  ],
  [`${BARN} TLS=1 ${FILES} DEVC=barn:sesame DEVC=mill:sesame`, /^nothing is exposed of device mill$/],
  [`${BARN} TLS=1 ${FILES} DEVC=barn:sesame DEVC=barn:sesame`, /^device barn is given twice$/],
  [`${BARN} TLS=1 ${FILES} DEVC=barn:sesame SECR=sesame`, /^SECR and DEVC exclude each other/],
  [`${BARN} TLS=1 ${FILES} DEVC=sesame`, /^bad DEVC: name:secret is wanted, such as barn:0b7c…$/],
  [`${BARN} TLS=1 ${FILES} DEVC=barn:`, /^bad DEVC: device barn has no secret: name:secret is wanted$/],
  [`${BARN} TLS=1 ${FILES} DEVC=ba/rn:sesame`, /^bad DEVC: the name of a device is wanted: letters/],
  [
    `${BARN} TLS=1 ${FILES} DEVC=${"b".repeat(65)}:sesame`,
    /^bad DEVC: the name of a device has 64 characters at most$/,
  ],
  [`ba/rn@127.0.0.1:8080>h:80 TLS=1 ${FILES}`, /^the name of a device is wanted/],
  [
    `${Array.from({ length: 65 }, (_, index) => `DEVC=d${index}:sesame`).join(" ")} TLS=1 ${FILES}`,
    /^nothing is exposed|^65 devices are named, 64 are the most$/,
  ],
];
for (const [text, message] of wrongDevices) {
  test(`a [tunnel] line with ${text.slice(0, 100)} is refused`, () => {
    const route = parseTunnelRoute(`EXPOSE ${text}`);
    assert(!route.ok);
    assert.match(route.message, message);
    assert.doesNotMatch(route.message, /sesame/);
  });
}

test("several devices: each has its secret, with colons and plus signs, and its ports", () => {
  const route = parseTunnelRoute(`EXPOSE ${BARN} ${MILL} TLS=1 ${FILES} DEVC=barn:a:b+c device=mill:flour`);
  assert(route.ok);
  const { tunnel, exposures } = route.value;
  assert.deepEqual(tunnel.devices, [
    { name: "barn", secret: "a:b+c" },
    { name: "mill", secret: "flour" },
  ]);
  assert.deepEqual(
    exposures.map(({ device, listen }) => [device, listen.port]),
    [
      ["barn", 8080],
      ["mill", 8081],
    ],
  );
});

test("in a section: the device stands in front of its port; a wrong pair names its line", () => {
  const head = "[tunnel farm]\nlisten=7000\ntls=1\ncert=/c\npkey=/k\n";
  const right = parseConfigFile(`${head}device=barn:sesame\nexpose=barn 127.0.0.1:8080 > 192.168.0.3:80\n`, "f");
  assert.deepEqual(right.problems, []);
  const wrong = parseConfigFile(`${head}device=barn:sesame\nexpose=bran 127.0.0.1:8080 > 192.168.0.3:80\n`, "f");
  assert.match(wrong.problems.join(), /^f:1: \[tunnel farm\].* bran is no device of this line; its devices are barn$/);
  const both = parseConfigFile(
    `${head}device=barn:sesame\nsecret=sesame\nexpose=barn 127.0.0.1:8080 > 192.168.0.3:80\n`,
    "f",
  );
  assert.match(both.problems.join(), /secret and device exclude each other: each device has a secret$/);
  for (const { problems } of [wrong, both]) assert.doesNotMatch(problems.join(), /sesame/);
});

const devices: [string, string[]][] = [
  ["tls=true\nsecret=sesame\nca=/a\ncert=/c\nkey=/k", []],
  ["tls=true", []],
  ["tls=hub\nca=/a.pem", ["[device] ca, cert and key go with tls=true: [tls hub] has the files"]],
  ["tls=true\nsecret=sesame\nname=barn", []],
  ["tls=true\nname=barn", ["[device] name goes with secret: the server knows a device by both"]],
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
