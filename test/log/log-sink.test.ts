import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import type { LogPlace } from "#src/log/log-file.js";
import { LogSink } from "#src/log/log-sink.js";
import { ManualClock } from "../support/clock.js";
import { openFiles } from "../support/open-files.js";
import { until } from "../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-log-sink-`);
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A place that does not rotate. */
function at(path: string): LogPlace {
  return { path, size: 0, files: 1 };
}

function sinkOf(path = `${folder}/${++files}.log`) {
  const clock = new ManualClock();
  const failures: string[] = [];
  const sink = new LogSink(at(path), clock, {
    failed: (error) => failures.push(error.message.split(":")[0] ?? ""),
    gapLine: (lost) => `${lost} lost`,
  });
  /** Writes a line, and waits until it has been written or lost. */
  const write = async (line: string): Promise<void> => {
    sink.write(line);
    clock.advance(20);
    await until(() => sink.idle, "the write to end");
  };
  return { sink, clock, path, failures, write };
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}

test("lines are appended, behind what the file has already", async () => {
  const { path, write } = sinkOf();
  await write("one");
  await sinkOf(path).write("two");
  assert.equal(read(path), "one\ntwo\n");
});

test("a file that cannot be opened throws", () => {
  assert.throws(() => sinkOf("/nowhere/x.log"), /ENOENT/);
});

test("a full disk: told once, lines counted, and a second later tried again", async () => {
  const { sink, clock, failures, write } = sinkOf("/dev/full");
  await write("one");
  sink.write("not tried");
  assert.deepEqual([failures, sink.lost], [["ENOSPC"], 2]);
  clock.advance(1000);
  await write("tried");
  assert.deepEqual([failures, sink.lost], [["ENOSPC"], 3]);
});

test("a wall clock that steps back by a day keeps no line waiting", async () => {
  const { sink, clock, write } = sinkOf("/dev/full");
  await write("one");
  clock.epochMs = () => 1_500_000_000_000 - 86_400_000;
  clock.advance(1000);
  assert.equal(sink.lost, 1);
  await write("tried, though it fails again");
  assert.equal(sink.lost, 2);
  const path = `${folder}/stepped.log`;
  sink.reopen(at(path));
  await write("two");
  assert.equal(read(path), "2 lost\ntwo\n");
});

test("another file after a failure: it is tried at once, begins with the gap line, and its own failure is told", async () => {
  const { sink, failures, write } = sinkOf("/dev/full");
  await write("one");
  const path = `${folder}/next.log`;
  sink.reopen(at(path));
  assert.equal(sink.place.path, path);
  await write("two");
  assert.equal(read(path), "1 lost\ntwo\n");
  sink.reopen(at("/dev/full"));
  await write("three");
  assert.deepEqual(failures, ["ENOSPC", "ENOSPC"]);
  assert.equal(sink.lost, 2);
});

test("reopen: lines go to a new file of the name, and the moved one is let go", async () => {
  const { sink, path, write } = sinkOf();
  await write("one");
  renameSync(path, `${path}.moved`);
  await write("two");
  sink.reopen(at(path));
  await write("three");
  assert.deepEqual([read(`${path}.moved`), read(path)], ["one\ntwo\n", "three\n"]);
  await until(() => openFiles(path) === 1, "the old file to be closed");
});

test("reopen while a write is under way: that write is whole, and the old file is closed behind it", async () => {
  const { sink, clock, path } = sinkOf();
  const line = "x".repeat(1_000_000);
  sink.write(line);
  clock.advance(20); // the write has begun
  renameSync(path, `${path}.moved`);
  sink.reopen(at(path));
  await until(() => sink.idle, "the write to end");
  assert.equal(read(`${path}.moved`), `${line}\n`);
  await until(() => openFiles(path) === 1, "the old file to be closed");
});

test("a file that cannot be opened anew: the old one stays in use", async () => {
  const { sink, path, write } = sinkOf();
  assert.throws(() => sink.reopen(at("/nowhere/x.log")), /ENOENT/);
  await write("one");
  assert.deepEqual([sink.place.path, read(path), existsSync("/nowhere")], [path, "one\n", false]);
});

test("a pipe without a reader is an error at once, not something to wait for", (t) => {
  const path = `${folder}/pipe`;
  execFileSync("mkfifo", [path]);
  t.after(() => rmSync(path));
  assert.throws(() => sinkOf(path), /ENXIO/);
});

test("a file with a largest size rotates, and goes on behind what it has already; another size is obeyed at once", async () => {
  const place = { path: `${folder}/${++files}.log`, size: 30, files: 2 };
  const clock = new ManualClock();
  const sink = new LogSink(place, clock, { failed: (error) => assert.fail(error), gapLine: (lost) => `${lost} lost` });
  const write = async (line: string): Promise<void> => {
    sink.write(line);
    clock.advance(20);
    await until(() => sink.idle, "the write to end");
  };
  const [first, second, third, fourth] = ["a", "b", "c", "d"].map((letter) => letter.repeat(40));
  for (const line of [first, second, third, fourth]) {
    await write(line ?? "");
    await until(() => !existsSync(place.path) || read(place.path) === "", "the file to be moved on");
  }
  await write("last");
  assert.deepEqual(
    [read(place.path), read(`${place.path}.1`), read(`${place.path}.2`)],
    ["last\n", `${fourth}\n`, `${third}\n`],
  );
  assert.equal(existsSync(`${place.path}.3`), false);
  sink.reopen({ ...place, size: 0 });
  await write("x".repeat(50));
  await write("y");
  assert.equal(read(place.path), `last\n${"x".repeat(50)}\ny\n`);
});

test("what is no file does not rotate: a device or a pipe goes on", async () => {
  const pipe = `${folder}/${++files}.pipe`;
  execFileSync("mkfifo", [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const clock = new ManualClock();
  for (const path of [pipe, "/dev/null"]) {
    const sink = new LogSink({ path, size: 1, files: 1 }, clock, { failed: assert.fail, gapLine: String });
    for (const line of ["one", "two"]) {
      sink.write(line);
      clock.advance(20);
      await until(() => sink.idle, "the write to end");
    }
    assert.equal(sink.lost, 0, path);
  }
  const bytes = Buffer.alloc(100);
  assert.equal(bytes.toString("latin1", 0, readSync(reader, bytes)), "one\ntwo\n");
  closeSync(reader);
  assert.ok(!existsSync(`${pipe}.1`));
});

test("a file that is to rotate and cannot be opened throws", () => {
  const place = { path: "/nowhere/x.log", size: 1, files: 1 };
  assert.throws(() => new LogSink(place, new ManualClock(), { failed: assert.fail, gapLine: String }), /ENOENT/);
});
