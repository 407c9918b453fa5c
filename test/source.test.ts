import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));

/** Where an array is shifted that stays short, and why it does. */
const SHORT = new Map([
  ["core/monitor/http-conversation.ts", "METHODS_MAX"],
  ["core/names/server-questions.ts", "one round of questions to the name servers"],
  ["core/tunnel/receive-credit.ts", "credits of one window, each GRANT_PART of it at least"],
  ["core/tunnel/send-window.ts", "MAX_OUTSTANDING_PINGS"],
  ["alerts/alert-queue.ts", "MAX_WAITING"],
]);

test("no array is shifted that peers can make long: each shift() moves all the rest", () => {
  const shifting = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => readFileSync(`${SOURCE}/${name}`, "utf8").includes(".shift("));
  assert.deepEqual(shifting.sort(), [...SHORT.keys()].sort());
});

/** Where the wall clock is asked, and what for. It may be set forward and back. */
const WALL_CLOCK = new Map([
  ["system/clock.ts", "the clock of the daemon has it, for the others"],
  ["log/times.ts", "writes times for people"],
  ["system/program-file.ts", "whether the program was replaced"],
  ["cli/load-config.ts", "whether certificates are valid"],
  ["dial/tls-credentials.ts", "the same"],
]);

test("every wait counts on the monotonic clock: the wall clock is for what people read", () => {
  const asking = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => /\bDate[.(]|\bmtime|\bbirthtime/.test(code(readFileSync(`${SOURCE}/${name}`, "utf8"))));
  assert.deepEqual(asking.sort(), [...WALL_CLOCK.keys()].sort());
});

test("every file of tests is run: scripts/setup.mjs looks for none among the helpers", () => {
  const helpers = readdirSync(`${SOURCE}/../test/support`, { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    helpers.filter((name) => name.endsWith(".test.ts")),
    [],
  );
});

/** A source without its comments and texts. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, "");
}
