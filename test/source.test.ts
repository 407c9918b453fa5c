import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path/posix";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));

/** Where an array is shifted that stays short, and why it does. */
const SHORT = new Map([
  ["cli/watch-arguments.ts", "words of a command line"],
  ["core/monitor/http-conversation.ts", "METHODS_MAX"],
  ["core/tunnel/send-window.ts", "MAX_OUTSTANDING_PINGS"],
  ["alerts/webhook.ts", "MAX_WAITING"],
]);

/** The rooms of src from the top floor down. A file imports files of its own room and of lower floors (docs/architecture.md). */
const FLOORS = [
  ["main"],
  ["cli"],
  ["daemon"],
  ["web", "connection"],
  ["direct", "mux", "tunnel"],
  ["accept"],
  ["relay", "notify", "monitor"],
  ["dial", "alerts"],
  ["sockets"],
  ["log", "access", "control"],
  ["scheduling"],
  ["system"],
  ["core", "version"],
];

const IMPORT =
  /^(?:import|export)\b[^"]*?from "(\.{1,2}\/[^"]+)"|import\("(\.{1,2}\/[^"]+)"\)|^import "(\.{1,2}\/[^"]+)"/gm;

function sources(): { name: string; text: string }[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: readFileSync(`${SOURCE}/${name}`, "utf8") }));
}

/** The floor of a file by its path below src; 0 is the top. */
function floorOf(path: string): number {
  const room = path.replace(/\.[jt]s$/, "").split("/")[0] ?? "";
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

test("no array is shifted that peers can make long: each shift() moves all the rest", () => {
  const shifting = sources().filter(({ text }) => text.includes(".shift("));
  assert.deepEqual(shifting.map(({ name }) => name).sort(), [...SHORT.keys()].sort());
});

test("imports go down the floors, types included", () => {
  const wrong: string[] = [];
  let count = 0;
  for (const { name, text } of sources()) {
    assert.notEqual(floorOf(name), -1, `${name} is in a room without a floor`);
    for (const match of text.matchAll(IMPORT)) {
      const imported = join(name, "..", match[1] ?? match[2] ?? match[3] ?? "");
      const isSameRoom = imported.split("/")[0] === name.split("/")[0];
      count += 1;
      if (!isSameRoom && floorOf(imported) <= floorOf(name)) wrong.push(`${name} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 1000, `${count} imports were found`);
});
