import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { after, type TestContext, test } from "node:test";
import { RotatingFile, type RotationLimits } from "#src/log/rotating-file.js";
import { openFiles } from "../support/open-files.js";
import { until } from "../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-audit-`);
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function auditFile(t: TestContext, limits: RotationLimits = { size: 1000, files: 2 }, path = nextPath()) {
  const file = new RotatingFile(path, () => limits);
  t.after(() => file.close());
  const write = (text: string): Promise<void> =>
    new Promise((resolve, reject) => file.write(text, (error) => (error ? reject(error) : resolve())));
  return { file, path, write };
}

function nextPath(): string {
  files += 1;
  return `${folder}/${files}/audit.log`;
}

/** Names of the files beside this one, in order. */
function beside(path: string): string[] {
  return readdirSync(path.slice(0, path.lastIndexOf("/"))).sort();
}

test("texts are appended behind what the file has; a missing folder is made", async (t) => {
  const { path, write, file } = auditFile(t);
  await write("one\n");
  file.close();
  await auditFile(t, undefined, path).write("two\n");
  assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
});

test("a file that has its size becomes .1, that one .2, and no more are kept", async (t) => {
  const { path, write } = auditFile(t);
  for (const letter of "abcd") {
    await write(`${letter.repeat(1000)}\n`);
    await until(() => !existsSync(path) || readFileSync(path, "utf8") === "", `${letter} to be moved on`);
  }
  await write("e\n");
  assert.deepEqual(beside(path), ["audit.log", "audit.log.1", "audit.log.2"]);
  const read = (name: string): string => readFileSync(name, "utf8");
  assert.equal(read(path), "e\n");
  assert.deepEqual([read(`${path}.1`)[0], read(`${path}.2`)[0]], ["d", "c"]);
});

test("close: the next text goes to a new file of the name, when the old one was moved away", async (t) => {
  const { file, path, write } = auditFile(t);
  await write("one\n");
  renameSync(path, `${path}.moved`);
  file.close();
  await write("two\n");
  assert.deepEqual([readFileSync(`${path}.moved`, "utf8"), readFileSync(path, "utf8")], ["one\n", "two\n"]);
  await until(() => openFiles(path) === 1, "the old file to be closed");
});

test("a file that cannot be opened: each text gets the error, until the file can be opened", async (t) => {
  const parent = `${folder}/not-a-folder`;
  writeFileSync(parent, "");
  const { path, write } = auditFile(t, undefined, `${parent}/audit.log`);
  for (const _ of [1, 2]) await assert.rejects(write("lost\n"), /ENOTDIR|EEXIST/);
  rmSync(parent);
  await write("written\n");
  assert.equal(readFileSync(path, "utf8"), "written\n");
});

test("a FIFO is no file: nobody waits for its reader", async (t) => {
  const { path, write } = auditFile(t);
  mkdirSync(dirname(path));
  execFileSync("mkfifo", [path]);
  await assert.rejects(write("one\n"), /it is a FIFO or a pipe, and no file/);
  rmSync(path);
  await write("two\n");
  assert.equal(readFileSync(path, "utf8"), "two\n");
});
