import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { closeKeepingPath } from "#src/control/stale-socket.js";

test("a server that closes leaves its Unix socket to another process, and no second name of it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-kept-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "control.sock");
  const server = createServer().listen({ path });
  await once(server, "listening");
  closeKeepingPath(path, () => server.close());
  assert.deepEqual(readdirSync(folder), ["control.sock"], "Node would have removed it");
  closeKeepingPath(path, () => {}); // Node does not know the path of a socket that was handed over
  assert.deepEqual(readdirSync(folder), ["control.sock"]);
});
