import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lineOf, type TraceEvent } from "#src/core/monitor/trace-event.js";
import type { View } from "#src/core/monitor/view.js";
import { VIEWS } from "#src/core/monitor/views/views.js";
import { escapedJson, isPrintable, printable, printableJson } from "#src/core/parse/text.js";
import { COMMANDS } from "#src/core/setup/commands/commands.js";
import { errorReply, runCommand } from "#src/core/setup/run-command.js";
import { expositionOf } from "#src/core/web/exposition.js";
import { errorPage } from "#src/web/http-reply.js";

const BAD: Readonly<Record<string, string>> = {
  "a control character of Latin-1": "\u009b",
  "a change of direction": "\u202e",
  "a line separator": "\u2028",
  "a paragraph separator": "\u2029",
  "a zero-width space": "\u200b",
  "a byte order mark": "\ufeff",
  "a tag beyond the first plane": "\u{e0041}",
  "half of a surrogate pair": "\ud800",
  "the other half": "\udc00",
  NUL: "\0",
  ESC: "\x1b",
  LF: "\n",
  CR: "\r",
  DEL: "\x7f",
  "a soft hyphen": "\xad",
};
const SHOWN = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

const SOURCE = { connection: "1", listener: 1, client: "c", server: "s" };

/** All functions that show a text from outside; each returns lines. */
const EDGES: Readonly<Record<string, (text: string) => string>> = {
  "a log, a terminal": printable,
  "a reply with an error": (text) => errorReply("CONN", text),
  "a command nobody knows": (text) =>
    errorReply(runCommand(`x${text}`, { commands: COMMANDS } as never)?.word ?? "", ""),
  "STAT JSON, an alert": (text) => printableJson({ [text]: [text, { text }] }),
  "the label of a metric": (text) =>
    [...expositionOf([{ name: "x", type: "gauge", help: "X.", samples: [{ labels: { text }, value: 1 }] }])]
      .slice(1)
      .join("")
      .slice(0, -1),
  "what becomes of a connection": (text) =>
    lineOf({ kind: "connection", source: { ...SOURCE, client: text }, event: "ERROR", text }, "", []),
  "the same as JSON": (text) =>
    lineOf({ kind: "connection", source: { ...SOURCE, client: text }, event: "ERROR", text }, "", ["json"]),
  "a refusal of the web page": bodyOf,
  ...Object.fromEntries(
    VIEWS.flatMap((view) => [
      [`a message by ${view.name}`, (text: string) => lineOf(seenBy(view, text), "", ["decode"])],
      [`a message by ${view.name} as JSON`, (text: string) => lineOf(seenBy(view, text), "", ["decode", "json"])],
    ]),
  ),
};

function bodyOf(text: string): string {
  const answer = errorPage(403, text);
  return "body" in answer ? String(answer.body).slice(0, -1) : "";
}

function seenBy(view: View, text: string): TraceEvent {
  const message = { bytes: Buffer.from(text), junk: text };
  const rendered = { ...view.render(message), view: view.name };
  return { kind: "message", source: SOURCE, hop: "CLIENT→PROXY", message: rendered };
}

for (const [what, bad] of Object.entries(BAD)) {
  test(`${what} is shown nowhere as it is`, () => {
    for (const [edge, show] of Object.entries(EDGES)) assert.match(show(`a${bad}b`), SHOWN, edge);
    assert.equal(printable(`é${bad}\u{1f600}`), "é?\u{1f600}");
    assert.deepEqual(JSON.parse(printableJson({ [bad]: [bad], n: null })), { "?": ["?"], n: null });
    assert.deepEqual(JSON.parse(escapedJson({ text: bad })), { text: bad });
  });
}

test("a printable text stays unchanged, and so does its JSON", () => {
  for (const text of ["", "a", "é→…", "\u{1f600}", 'a "b" \\c\\ud800', "?"]) {
    assert.equal(printable(text), text);
    assert.ok(isPrintable(text));
    assert.equal(printableJson({ text }), JSON.stringify({ text }));
  }
});

test("the JSON of any value is printable, and otherwise unchanged", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = printableJson(value);
      assert.match(json, SHOWN);
      JSON.parse(json, (name, part) => {
        assert.match(name, SHOWN);
        if (typeof part === "string") assert.match(part, SHOWN);
        return part;
      });
    }),
  );
});
