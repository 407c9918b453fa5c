import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { after, type TestContext, test } from "node:test";
import { askDaemon } from "#src/control/control-client.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-ask-`);
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A daemon's control socket that does as the test says; returns its path. */
async function serve(t: TestContext, welcome: (socket: Socket) => void): Promise<string> {
  count += 1;
  const path = `${folder}/${count}.sock`;
  const server = createServer((socket) => welcome(socket.on("error", () => {})));
  server.listen(path);
  await once(server, "listening");
  t.after(() => server.close());
  return path;
}

test("the lines behind the greeting are the answers, however they come, and all commands are sent at once", async (t) => {
  let asked = "";
  const path = await serve(t, (socket) => {
    socket.write("OK GREETING\nfir");
    socket.on("data", (chunk) => {
      asked += chunk;
      socket.write("st\nsecond\nmore\n");
    });
  });
  assert.deepEqual(await askDaemon([path], ["ONE", "TWO"]), { kind: "answered", lines: ["first", "second"] });
  assert.equal(asked, "ONE\nTWO\n");
});

test("a daemon that closes without an answer: unknown", async (t) => {
  const path = await serve(t, (socket) => socket.end("OK GREETING\n"));
  assert.deepEqual(await askDaemon([path], ["ONE"]), { kind: "unknown", problem: `${path}: closed without an answer` });
});

test("no socket, or a path through a file: absent", async () => {
  assert.deepEqual(await askDaemon([`${folder}/none.sock`, `${folder}/none/none.sock`], []), { kind: "absent" });
});

test("the first answer of several paths counts; without one, the first that is not absent", async (t) => {
  const mute = await serve(t, (socket) => socket.end());
  const path = await serve(t, (socket) => socket.write("OK GREETING\nanswer\n"));
  const other = await serve(t, (socket) => socket.write("OK GREETING\nother\n"));
  assert.deepEqual(await askDaemon([mute, `${folder}/none`, path, other], ["X"]), {
    kind: "answered",
    lines: ["answer"],
  });
  assert.equal((await askDaemon([`${folder}/none`, mute], ["X"])).kind, "unknown");
});

test("a folder that others can write to: unknown where the socket should be, passed over where it only might be", async () => {
  mkdirSync(`${folder}/open`);
  chmodSync(`${folder}/open`, 0o777);
  const path = `${folder}/open/x.sock`;
  const answer = await askDaemon([path], []);
  assert.match(answer.kind === "unknown" ? answer.problem : "", /is open to other users/);
  assert.deepEqual(await askDaemon([`${folder}/none.sock`, path], []), { kind: "absent" });
});
