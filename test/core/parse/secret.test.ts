import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { MUX_OPTIONS } from "#src/core/mux/mux-option-rows.js";
import { isSecretWord, maskSecret } from "#src/core/parse/secret.js";
import { TUNNEL_OPTIONS } from "#src/core/tunnel/tunnel-options.js";

test("every option that may be a password has a secret word", () => {
  for (const { isSecret, key, name } of [...TUNNEL_OPTIONS, ...MUX_OPTIONS]) {
    assert.deepEqual([isSecretWord(key), isSecretWord(name)], [isSecret, isSecret], key);
  }
});

test("only the value behind a secret word is masked", () => {
  assert.equal(maskSecret("secret: hush hush"), "secret: ***");
  assert.equal(maskSecret("SECR=hush"), "SECR=***");
  for (const text of ["device-protocol modbus", "secrets hush", "target device:502", "secret", "secret="]) {
    assert.equal(maskSecret(text), text);
  }
});

describe("no message about a line repeats a password", () => {
  const texts = [
    "[device]\nsecret hush",
    "[device]\nsecret: hush",
    "[device]\nSecret\thush",
    "secret hush",
    "[device\nsecret hush",
    "[device] secret=hush",
    "[device]\nsecret=me ;hush",
    "[tunnel x]\nlisten=1\nSECR hush",
    "[tunnel x]\nlisten=1\ndevice barn:hush",
    "[tunnel]\n7000=EXPOSE a:1>b:2 SECR:hush",
    "[tunnel]\n7000 EXPOSE a:1>b:2 SECR=hush",
    "[mux x]\nlogin hush",
    "[host]\nvera http://me:hush@hub",
    "[alert]\nurl https://x?token=hush",
  ];
  for (const text of texts) {
    test(JSON.stringify(text), () => {
      const { problems, warnings } = parseConfigFile(`${text}\n`, "f");
      const told = [...problems, ...warnings].join("\n");
      assert.notEqual(told, "");
      assert.doesNotMatch(told, /hush/);
    });
  }
});

test("the message still says what is wrong", () => {
  const { problems } = parseConfigFile("[device]\nsecret hush\n", "f");
  assert.deepEqual(problems, ["f:2: [device] secret ***: the = is missing; did you mean secret=***?"]);
});
