import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { WatchedFile } from "#src/system/watched-file.js";
import { ManualClock } from "../support/clock.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-watched-`);
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A watched file with this text, after take(), and a count of its change events. */
function taken(text: string): { file: WatchedFile; clock: ManualClock; changes: () => number; watch: () => void } {
  files += 1;
  const clock = new ManualClock();
  const file = new WatchedFile(`${folder}/${files}`, clock);
  writeFileSync(file.path, text);
  assert.deepEqual(file.read(), { ok: true, value: text });
  let count = 0;
  return { file, clock, changes: () => count, watch: () => file.watch(() => (count += 1)) };
}

test("a change between take() and watch() is reported once it has settled", () => {
  const { file, clock, changes, watch } = taken("a");
  writeFileSync(file.path, "");
  watch();
  writeFileSync(file.path, "b");
  clock.advance(250);
  assert.equal(changes(), 0, "it was written to meanwhile");
  clock.advance(250);
  assert.equal(changes(), 1);
  file.close();
});

test("a file that is as at take() has not changed", () => {
  const { file, clock, changes, watch } = taken("a");
  writeFileSync(file.path, "b");
  watch();
  file.read(); // for another reason, such as SIGHUP
  clock.advance(1000);
  assert.equal(changes(), 0);
  file.close();
});

test("a closed watcher reports nothing", () => {
  const { file, clock, changes, watch } = taken("a");
  writeFileSync(file.path, "b");
  watch();
  file.close();
  clock.advance(1000);
  assert.equal(changes(), 0);
});

test("a missing file is an empty text; a folder, a huge file and an unreadable file are faults", () => {
  const clock = new ManualClock();
  const take = (path: string): unknown => new WatchedFile(path, clock).read();
  assert.deepEqual(take(`${folder}/nowhere`), { ok: true, value: undefined });
  mkdirSync(`${folder}/folder`);
  assert.deepEqual(take(`${folder}/folder`), { ok: false, message: `${folder}/folder is not a file` });
  writeFileSync(`${folder}/huge`, "");
  truncateSync(`${folder}/huge`, 65_537);
  assert.deepEqual(take(`${folder}/huge`), {
    ok: false,
    message: `${folder}/huge has 65537 bytes; 65536 are the most`,
  });
  assert.deepEqual(take("/dev/zero"), { ok: false, message: "/dev/zero is not a file" });
});
