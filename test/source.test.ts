import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));

/** Where an array is shifted that stays short, and why it does. */
const SHORT = new Map([
  ["cli/watch-arguments.ts", "words of a command line"],
  ["core/monitor/http-conversation.ts", "METHODS_MAX"],
  ["core/names/server-questions.ts", "one round of questions to the name servers"],
  ["core/tunnel/receive-credit.ts", "credits of one window, each GRANT_PART of it at least"],
  ["core/tunnel/send-window.ts", "MAX_OUTSTANDING_PINGS"],
  ["alerts/webhook.ts", "MAX_WAITING"],
]);

test("no array is shifted that peers can make long: each shift() moves all the rest", () => {
  const shifting = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => readFileSync(`${SOURCE}/${name}`, "utf8").includes(".shift("));
  assert.deepEqual(shifting.sort(), [...SHORT.keys()].sort());
});
