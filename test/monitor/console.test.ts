import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const CONSOLE = new URL("../../monitor/console.js", import.meta.url).href;

/** A program that writes to its console, and says on stderr when a text has been taken. */
const PROGRAM = `
  import { stdout } from ${JSON.stringify(CONSOLE)};
  const write = stdout();
  const text = process.argv[1] === "long" ? "x".repeat(1_000_000) : "one\\n";
  write(text, (error) => process.stderr.write(error ? error.code : "taken"));
  process.stderr.write("goes on ");
`;

function run(length: "short" | "long") {
  return spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, length], { stdio: ["ignore", "pipe", "pipe"] });
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

test("a text comes out of stdout, and its writer is told", async () => {
  const child = run("short");
  assert.deepEqual(await Promise.all([read(child.stdout), read(child.stderr)]), ["one\n", "goes on taken"]);
});

test("a reader that takes nothing for now blocks nothing, and misses nothing", async () => {
  const child = run("long");
  const [said] = (await once(child.stderr, "data")) as [Buffer];
  assert.equal(said.toString(), "goes on ");
  const [out, rest] = await Promise.all([read(child.stdout), read(child.stderr)]);
  assert.deepEqual([out.length, rest], [1_000_000, "taken"]);
});

test("a reader that has gone is an error", async () => {
  const child = run("long");
  child.stdout.destroy();
  assert.equal(await read(child.stderr), "goes on EPIPE");
});
