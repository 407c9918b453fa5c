import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { mergeFile } from "#src/core/config/merge-file.js";
import { printSettings } from "#src/core/config/print-settings.js";
import { webhookProblem, webhookProblems, webhookWarnings } from "#src/core/config/webhook-section.js";

function read(...lines: string[]) {
  const file = parseConfigFile(["[webhook hub]", ...lines].join("\n"), "f");
  return { webhooks: file.settings.webhooks, problems: file.problems.map((problem) => problem.replace(/^f:/, "")) };
}

const URL = "url=http://hub/";
const wrong: [problem: RegExp, ...lines: string[]][] = [
  [/^1: \[webhook hub\]: url is missing/, "method=PUT"],
  [/^2: \[webhook hub\] url: bad URL/, "url=ftp://hub/"],
  [/^2: .* words in braces go into the path/, "url=http://{name}/"],
  [/^2: .* unknown word \{evnt\}; did you mean \{event\}\?/, "url=http://hub/{evnt}"],
  [/^1: .* unknown word \{nmae\}; did you mean \{name\}\?/, URL, 'body={"a":"{nmae}"}'],
  [/^1: .* unknown word \{pidd\}/, URL, "header=X: {pidd}"],
  [/^1: .* the body is no JSON/, URL, 'body={"a":"{name}"'],
  [/^1: .* a GET has no body/, URL, "method=get", "body=x"],
  [/^3: .* one of POST, /, URL, "method=FETCH"],
  [/^3: .* Name: value is wanted/, URL, "header=Authorization"],
  [/^3: .* Content-Length is made by the daemon/, URL, "header=Content-Length: 5"],
  [/^4: .* x is given twice/, URL, "header=X: 1", "header=x: 2"],
  [/^3: .* unknown key; known are url, method, header, body; did you mean header\?/, URL, "heade=X: 1"],
  [/^3: .* given twice, first in line 2/, URL, URL],
];
for (const [problem, ...lines] of wrong) {
  test(`a mistake: ${lines.join(" | ")}`, () => {
    const { webhooks, problems } = read(...lines);
    assert.deepEqual([webhooks, problems.length], [[], 1]);
    assert.match(problems[0] ?? "", problem);
  });
}

test("no message and no print has a secret of a webhook", () => {
  const lines = ["url=http://me:hush@hub/hush?hush", "header=Authorization: Bearer hush", "body=token=hush&e={event}"];
  const file = parseConfigFile(["[webhook hub]", ...lines].join("\n"), "f");
  const { settings } = mergeFile(DEFAULT_SETTINGS, file.settings);
  assert.match(
    printSettings(settings),
    /\[webhook hub\]\nurl=http:\/\/\*\*\*@hub\/\*\*\*\nmethod=POST\nheader=Authorization: \*\*\*\nbody=\*\*\*/,
  );
  const bad = read(
    "url=http://me:hush@/",
    "header=Authorization: Bearer hush {evnt}",
    "body=hush {evnt} ; hush",
    "url=hush://hush:hush@x",
  );
  assert.doesNotMatch(`${bad.problems.join("\n")}${printSettings(settings)}`, /hush/);
});

test("a webhook that nobody has is a problem of the line that names it", () => {
  const text =
    "[host]\nwebhook=hub\n[webhook hubs]\nurl=http://hub/\n[direct a]\nlisten=1\ntarget=b:2\nwebhook=hubb\n[direct c]\nlisten=2\ntarget=b:2\nwebhook=none";
  const { settings } = mergeFile(DEFAULT_SETTINGS, parseConfigFile(text, "f").settings);
  assert.deepEqual(webhookProblems(settings), [
    '[host] webhook: unknown webhook "hub": the configuration has no [webhook hub]; did you mean hubs?',
    '[direct a]: unknown webhook "hubb": the configuration has no [webhook hubb]; did you mean hubs?',
  ]);
  assert.equal(webhookProblem("", settings), undefined);
});

test("a line whose clients send datagrams is warned of where only [host] names a webhook", () => {
  const lines = ["", "webhook=none"].map((more, at) => `[direct d${at}]\nlisten=udp:${at + 1}\ntarget=b:2\n${more}\n`);
  const text = `[webhook hub]\nurl=http://hub/\n${lines.join("")}[direct tcp]\nlisten=3\ntarget=b:2`;
  const { settings } = mergeFile(DEFAULT_SETTINGS, parseConfigFile(text, "f").settings);
  assert.deepEqual(webhookWarnings(settings), []);
  assert.deepEqual(webhookWarnings({ ...settings, webhook: "hub" }), [
    "[direct d0]: [host] webhook is not told of clients of listen=udp: (webhook=none says that this is meant)",
  ]);
});
