import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { unblocked, writeFully } from "#src/system/write-fully.js";
import { until } from "../support/wait.js";

const PIPE_BYTES = 65_536; // what a pipe of Linux holds

/** Both ends of a FIFO; no read or write blocks. */
function fifo(t: TestContext): { read: number; write: number } {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-fifo-`);
  const path = `${folder}/fifo`;
  execFileSync("mkfifo", [path]);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.after(() => {
    closeSync(write);
    rmSync(folder, { recursive: true });
  });
  return { read, write };
}

test("a pipe whose reader is slow gets all bytes, in order", async (t) => {
  const { read, write } = fifo(t);
  t.after(() => closeSync(read));
  const bytes = Buffer.from(Array.from({ length: 3 * PIPE_BYTES }, (_, index) => index % 251));
  let done = false;
  writeFully(write, bytes, (error) => {
    assert.equal(error, null);
    done = true;
  });
  const received: Buffer[] = [];
  const chunk = Buffer.alloc(10_000);
  await until(() => {
    try {
      received.push(Buffer.from(chunk.subarray(0, readSync(read, chunk))));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    return done && Buffer.concat(received).length === bytes.length;
  }, "all bytes");
  assert.ok(Buffer.concat(received).equals(bytes));
});

test("a pipe without a reader is an error", async (t) => {
  const { read, write } = fifo(t);
  closeSync(read);
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
    writeFully(write, Buffer.from("x"), resolve),
  );
  assert.equal(error?.code, "EPIPE");
});

test("stdout and stderr can be written to without blocking", () => {
  for (const fd of [1, 2] as const) assert.ok(unblocked(fd) >= 0);
});
