import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { clearStaleSocket } from "#src/control/stale-socket.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-stale-`);
after(() => rmSync(folder, { recursive: true }));

test("a path that does not exist: its folder is made, for this user alone", async () => {
  await clearStaleSocket(`${folder}/new/folder/x.sock`);
  assert.equal(statSync(`${folder}/new/folder`).mode & 0o777, 0o700);
});

test("the socket of a killed process is removed", async () => {
  const path = `${folder}/killed.sock`;
  const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", program]);
  assert.ok(existsSync(path));
  await clearStaleSocket(path);
  assert.ok(!existsSync(path));
});

test("a socket with a server is left alone", async (t) => {
  const path = `${folder}/served.sock`;
  const server = createServer().listen(path);
  await once(server, "listening");
  t.after(() => server.close());
  await assert.rejects(clearStaleSocket(path), { message: "in use", code: "EADDRINUSE" });
  assert.ok(existsSync(path));
});

test("something else than a socket is left alone", async () => {
  const path = `${folder}/file`;
  writeFileSync(path, "text");
  await assert.rejects(clearStaleSocket(path), { message: "something else is there" });
  assert.ok(existsSync(path));
});

test("a folder that is open to others is refused", async () => {
  mkdirSync(`${folder}/open`);
  await assert.rejects(
    clearStaleSocket(`${folder}/open/x.sock`),
    /is open to other users \(mode 755, 700 is wanted\)$/,
  );
});
