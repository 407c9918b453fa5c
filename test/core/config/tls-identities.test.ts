import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { mergeFile } from "#src/core/config/merge-file.js";
import { printSettings } from "#src/core/config/print-settings.js";
import { identityProblems } from "#src/core/config/tls-identities.js";

const BOILER = "[tls boiler]\ncert=/etc/b.pem\nkey=/etc/b.key\nca=/etc/ca.pem\n";

test("an identity names its files, and settings print it as it stands", () => {
  const { settings, problems } = parseConfigFile(`${BOILER}[tls trust]\nca=/etc/other.pem`, "conf");
  assert.deepEqual(problems, []);
  assert.deepEqual(settings.tlsIdentities, [
    { name: "boiler", certificate: "/etc/b.pem", key: "/etc/b.key", authority: "/etc/ca.pem" },
    { name: "trust", authority: "/etc/other.pem" },
  ]);
  const merged = mergeFile(DEFAULT_SETTINGS, settings);
  assert.deepEqual(merged.problems, []);
  const printed = printSettings(merged.settings);
  assert.ok(printed.includes(BOILER), printed);
  const again = mergeFile(DEFAULT_SETTINGS, parseConfigFile(printed, "conf").settings);
  assert.deepEqual(again.settings, merged.settings);
  assert.deepEqual(mergeFile(merged.settings, settings).problems, [
    "[tls boiler]: stands in an earlier file, too",
    "[tls trust]: stands in an earlier file, too",
  ]);
});

const WRONG: readonly [lines: string, problem: RegExp][] = [
  ["[tls]", /^conf:1: \[tls\]: a name of your own is wanted: \[tls NAME\]$/],
  ["[tls my boiler]\nca=/x", /no blanks/],
  ["[tls yes]\nca=/x", /"yes" is no name/],
  ["[tls a]\ncert=/x", /^conf:1: \[tls a\]: cert and key: one needs the other$/],
  ["[tls a]\nkey=/x", /cert and key: one needs the other/],
  ["[tls a]", /cert and key, or ca, are wanted/],
  ["[tls a]\nca=", /^conf:2: \[tls a\] ca: a file name is wanted$/],
  ["[tls a]\nca=/x\nca=/y", /given twice, first in line 2/],
  ["[tls a]\ncrt=/x", /unknown key; known are cert, key, ca; did you mean cert\?/],
  ["[tls a]\nca=/x\n[tls a]\nca=/y", /stands twice, first in line 1/],
];
for (const [lines, problem] of WRONG) {
  test(`${JSON.stringify(lines)} is a mistake`, () => {
    const { problems } = parseConfigFile(lines, "conf");
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
  });
}

const USES: readonly [lines: string, problem: string | undefined][] = [
  ["[direct]\n1=h:2 tls=boiler listen-tls=boiler", undefined],
  ["[mux m]\nlisten=1\ntarget=h:2\ntls=trust", undefined],
  ["[host]\nlisten-tls=boiler", undefined],
  ["[direct]\n1=h:2 TLSI=boyler", '[direct] 1: unknown TLS identity "boyler"; did you mean boiler?'],
  ["[mux m]\nlisten=1\ntarget=h:2\nlisten-tls=x", '[mux m]: unknown TLS identity "x"'],
  ["[tunnel]\n7=EXPOSE a:1>b:2 listen-tls=x", '[tunnel] 7: unknown TLS identity "x"'],
  ["[host]\nlisten-tls=x", '[host] listen-tls: unknown TLS identity "x"'],
  ["[tunnel]\n7=EXPOSE a:1>b:2 tls=boiler listen-tls=boiler", undefined],
  ["[tunnel]\n7=EXPOSE a:1>b:2 tls=trust", "[tunnel] 7: [tls trust] has no cert and key"],
  ["[tunnel]\n7=EXPOSE a:1>b:2 tls=ture", '[tunnel] 7: unknown TLS identity "ture"'],
  ["[device]\nserver=h:7\ntls=trust", undefined],
  ["[device]\nserver=h:7\ntls=x", '[device]: unknown TLS identity "x"'],
  ["[device barn]\nserver=h:7\ntls=boile", '[device barn]: unknown TLS identity "boile"; did you mean boiler?'],
  ["[direct]\n1=h:2 listen-tls=trust", "[direct] 1: [tls trust] has no cert and key"],
];
test("whoever names an identity wants one that is there, with a certificate where clients see it", () => {
  for (const [lines, problem] of USES) {
    const { settings, problems } = parseConfigFile(`${BOILER}[tls trust]\nca=/o.pem\n${lines}`, "conf");
    assert.deepEqual(problems, [], lines);
    const all = mergeFile(DEFAULT_SETTINGS, settings).settings;
    assert.deepEqual(identityProblems(all), problem === undefined ? [] : [problem], lines);
  }
});
