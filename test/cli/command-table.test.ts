import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_COMMANDS, SUBCOMMANDS } from "#src/cli/command-table.js";
import { parseFlags } from "#src/cli/flags.js";
import { MANUAL_FACTS } from "#src/cli/manual-facts.js";
import { bashCompletion } from "#src/core/command-line/bash-completion.js";
import { type CommandRow, calledAs, flagText } from "#src/core/command-line/command-row.js";
import { fishCompletion } from "#src/core/command-line/fish-completion.js";
import { helpText } from "#src/core/command-line/help-text.js";
import { manPage } from "#src/core/command-line/man-page.js";
import { zshCompletion } from "#src/core/command-line/zsh-completion.js";

/** All that people and shells read of the table. */
const MANUAL = manPage(ALL_COMMANDS, { ...MANUAL_FACTS, date: "March 2, 2026", version: "1.2.3" });
const SHELLS = [bashCompletion(ALL_COMMANDS), zshCompletion(ALL_COMMANDS), fishCompletion(ALL_COMMANDS)];

function help(row: CommandRow): string {
  return helpText(row, row.name === "" ? SUBCOMMANDS : []);
}

/** A text of the man page without the escapes of roff. */
function read(roff: string): string {
  return roff.replaceAll("\\-", "-").replaceAll("\\&", "").replaceAll("\\e", "\\");
}

for (const row of ALL_COMMANDS) {
  test(`${calledAs(row)} --help fits 80 columns and names every option and status`, () => {
    const text = help(row);
    for (const line of text.split("\n")) assert.ok(line.length <= 80 && line === line.trimEnd(), line);
    for (const { names } of row.options) for (const name of names) assert.ok(text.includes(flagText(name)), name);
    for (const [status, when] of row.exits) assert.ok(text.replaceAll("\n", " ").includes(`${status} ${when}`), when);
  });

  test(`the man page and the completions know ${calledAs(row)} and its options`, () => {
    for (const text of [read(MANUAL), ...SHELLS]) {
      assert.ok(text.includes(row.name));
      for (const { names } of row.options) {
        for (const name of names.filter(({ length }) => length > 1)) assert.ok(text.includes(name), name);
      }
    }
    for (const word of row.words ?? []) for (const text of SHELLS) assert.ok(text.includes(word), word);
  });

  test(`the options of ${calledAs(row)} are told apart, and their helps are no sentences`, () => {
    const names = row.options.flatMap((option) => option.names);
    assert.equal(new Set(names).size, names.length);
    for (const option of row.options) assert.doesNotMatch(option.help, /\.$/);
    assert.doesNotMatch(row.summary, /\.$/);
    assert.match(row.description.join(" "), /^$|\.$/);
  });
}

test("--help of the program names every command", () => {
  const [program] = ALL_COMMANDS;
  assert.ok(program !== undefined);
  for (const { name, summary } of SUBCOMMANDS) {
    assert.match(help(program), new RegExp(`^  ${name} +${summary}$`, "m"));
  }
});

const HOSTILE: CommandRow = {
  name: "odd",
  summary: "It's [odd]: 'so' \\ it is",
  usage: [{ words: ".Sh [x]" }],
  description: [".Sh begins like a request.", "'so does this.", "  .Sh\n  'in a block"],
  arguments: [{ name: ".It", help: 'A "name"' }],
  words: ["it's"],
  options: [{ names: ["o", "odd"], value: "a:b", help: "Don't [ever]: C:\\x", offers: ["it's"] }],
  exits: [[0, "ever"]],
  examples: [{ words: "odd 'x'", help: "'Odd" }],
};

test("a text of a row is no request of roff", () => {
  const page = manPage([HOSTILE], { ...MANUAL_FACTS, date: "March 2, 2026", version: "1.2.3" });
  const body = page.slice(page.indexOf(".Sh DESCRIPTION"));
  assert.equal(
    [...body.matchAll(/^\.Sh (?!DESC|SIGNALS|ENVIRONMENT|FILES|EXIT STATUS|EXAMPLES|SEE ALSO)/gm)].length,
    0,
  );
  assert.ok(!body.includes("\n'"));
});

test("a text of a row stays a text within the quotes of a shell", () => {
  assert.match(bashCompletion([HOSTILE]), /words='it'\\''s'/);
  assert.match(
    zshCompletion([HOSTILE]),
    /'\(-o --odd\)-o\+\[Don'\\''t \\\[ever\\\]\\: C\\:\\\\x\]:a\\:b:\(it'\\''s\)'/,
  );
  assert.match(fishCompletion([HOSTILE]), /-s o -l odd -x -a 'it\\'s' -d 'Don\\'t \[ever\]: C:\\\\x'/);
});

test("flags are read by the rows: all names are one, values stay texts", () => {
  const rows = [{ names: ["p", "port"] as const, value: "port", help: "" }];
  for (const argv of [["-p", "1"], ["-p1"], ["--port=1"], ["--port", "1"]]) {
    const parsed = parseFlags([...argv, "007"], rows);
    assert.ok(parsed.ok);
    const { port, p, _: words } = parsed.value;
    assert.deepEqual([port, p, words], ["1", "1", ["007"]]);
  }
  const wrong = parseFlags(["--prot", "1"], rows);
  assert.ok(!wrong.ok);
  assert.equal(wrong.message, "unknown option --prot; did you mean --port?");
});
