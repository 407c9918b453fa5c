import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandContext } from "#src/core/setup/command.js";
import { COMMANDS } from "#src/core/setup/commands/commands.js";
import { optionCommand } from "#src/core/setup/commands/option-command.js";

/** A context in which every permission is denied and nothing else may be asked. */
const denied = { commands: COMMANDS, presetOptions: {}, denialReason: () => "denied" } as unknown as CommandContext;

const ASKS_PERMISSION = ["RELD", "STOP", "TCPR", "WTCH"];

test("each command has a word of its own", () => {
  const words = COMMANDS.map(({ word }) => word);
  assert.equal(new Set(words).size, words.length);
});

for (const { word, usage, help, capabilities, run } of COMMANDS) {
  test(`${word}: its texts fit HELP and CAPA`, () => {
    assert.match(word, /^[A-Z]{4}$/);
    assert.ok(usage === word || usage.startsWith(`${word} `), usage);
    assert.ok(usage.length < 28, "the second column of HELP begins after 28 characters");
    assert.ok(help.length > 0);
    for (const line of [usage, ...help]) assert.match(line, /^[\x20-\x7e]{1,100}$/);
    for (const capability of capabilities) assert.match(capability, /^[A-Z]{4}$/);
  });

  if (ASKS_PERMISSION.includes(word)) {
    test(`${word}: a client without the permission gets the reason`, () =>
      assert.deepEqual(run("", denied), { kind: "error", message: "denied" }));
  }
}

test("an option without a command of its own throws", () => {
  assert.equal(optionCommand("pace").word, "PACE");
  assert.throws(() => optionCommand("PRTO"), /no option PRTO has a command of its own/);
  assert.throws(() => optionCommand("NONE"), /no option NONE has a command of its own/);
});
