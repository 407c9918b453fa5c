import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { after, type TestContext, test } from "node:test";
import { askControlSocket } from "#src/cli/control-socket.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-ask-`);
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const GREETING = "OK TOGGLEDBITS-SOCKPROXY 1 1a\n";

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

test("the lines behind the greeting are the answers, however they come", async (t) => {
  let asked = "";
  const path = await serve(t, (socket) => {
    socket.write(`${GREETING}fir`);
    socket.on("data", (chunk) => {
      asked += chunk;
      socket.write(asked === "ONE\n" ? "st\nsec" : "ond\nmore\n");
    });
  });
  assert.deepEqual(await askControlSocket([path], ["ONE", "TWO"]), { kind: "told", value: ["first", "second"] });
  assert.equal(asked, "ONE\nTWO\n");
});

test("a daemon that closes without an answer has failed", async (t) => {
  const path = await serve(t, (socket) => socket.end(GREETING));
  assert.deepEqual(await askControlSocket([path], ["ONE"]), {
    kind: "failed",
    message: `${path}: it closes the connection without an answer; [access] may not let this machine in`,
  });
});

test("no socket, or a path through a file: absent", async () => {
  const nowhere = await askControlSocket([`${folder}/none.sock`, `${folder}/none/none.sock`], []);
  assert.equal(nowhere.kind, "absent");
});

test("the first answer of several paths counts; without one, the first that is not absent", async (t) => {
  const mute = await serve(t, (socket) => socket.end());
  const path = await serve(t, (socket) => socket.write(`${GREETING}answer\n`));
  const other = await serve(t, (socket) => socket.write(`${GREETING}other\n`));
  assert.deepEqual(await askControlSocket([mute, `${folder}/none`, path, other], ["X"]), {
    kind: "told",
    value: ["answer"],
  });
  assert.equal((await askControlSocket([`${folder}/none`, mute], ["X"])).kind, "failed");
});

test("a folder that others can write to: wrong where the socket should be, passed over where it only might be", async () => {
  mkdirSync(`${folder}/open`);
  chmodSync(`${folder}/open`, 0o777);
  const path = `${folder}/open/x.sock`;
  const answer = await askControlSocket([path], []);
  assert.match(answer.kind === "failed" ? answer.message : "", /is open to other users/);
  assert.equal((await askControlSocket([`${folder}/none.sock`, path], [])).kind, "absent");
});
