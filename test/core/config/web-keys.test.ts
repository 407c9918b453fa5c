import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { printSettings } from "#src/core/config/print-settings.js";
import { nameWarnings } from "#src/core/config/web-keys.js";

/** The settings of a section `[web]` with a port, and what is wrong with them. */
function web(...lines: string[]) {
  const { settings, problems } = parseConfigFile(["[web]", "port=8080", ...lines].join("\n"), "f");
  const { values, ...ports } = settings;
  const all = { ...DEFAULT_SETTINGS, ...values, ...ports };
  return { all, problems: [...problems, ...checkSettings(all)] };
}

const mistakes: [string[], RegExp][] = [
  [["user=me"], /\[web\] user and password: one needs the other/],
  [["password=x"], /one needs the other/],
  [["user=a:b", "password=x"], /bad user "a:b": no colon/],
  [["names=http://hub"], /bad name "http:\/\/hub": hub\.example\.com, \*\.example\.com or \* is wanted/],
  [["clients=hub"], /bad network "hub"/],
];
for (const [lines, message] of mistakes) {
  test(`${lines.join(", ")} is a mistake`, () => assert.match(web(...lines).problems.join("\n"), message));
}

test("a login, names and clients are taken, and printed without the password", () => {
  const { all, problems } = web("user=me", "password=pa55 w:rd", "names=hub.lan, *.example.com", "clients=10.0.0.1");
  assert.deepEqual(problems, []);
  const printed = printSettings(all);
  assert.match(printed, /user=me\npassword=\*\*\*\n/);
  assert.match(printed, /names=hub\.lan, \*\.example\.com\nclients=10\.0\.0\.1\/32\n/);
  assert.ok(!printed.includes("pa55"));
});

test("a mistake behind the password does not show it", () => {
  const { problems } = web("password pa55", "passwort=pa55");
  assert.ok(problems.length > 0);
  assert.ok(!problems.join().includes("password pa55"), problems.join());
});

test("names=* without clients is warned of", () => {
  assert.match(nameWarnings(web("names=*").all).join(), /any web page .* clients/);
  assert.deepEqual(nameWarnings(web("names=*", "clients=10.0.0.1").all), []);
  assert.deepEqual(nameWarnings(web("names=*.lan").all), []);
});
