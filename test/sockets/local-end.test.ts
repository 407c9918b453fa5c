import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { isLoopback } from "#src/core/net/address.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { acceptLocal } from "#src/sockets/local-end.js";
import { Client } from "../support/net.js";
import { until } from "../support/wait.js";

test("the client of a Unix socket is one of this machine, and its bytes pass both ways", async (t) => {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-local-`);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(`${folder}/x.sock`);
  await once(server, "listening");
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const peer = new Client(connect({ path: `${folder}/x.sock`, allowHalfOpen: true }));
  const [accepted] = await accepting;
  const end = acceptLocal(accepted);
  t.after(() => {
    peer.destroy();
    end.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  assert.deepEqual([isLoopback(end.peerAddress), end.peerPort], [true, 0]);
  let text = "";
  let ended = false;
  end.events = {
    ...IGNORE_EVENTS,
    data(chunk) {
      text += chunk;
    },
    eof() {
      ended = true;
    },
  };
  end.resume();
  peer.write("command");
  peer.end();
  await until(() => ended, "FIN");
  assert.equal(text, "command");
  end.write("reply");
  end.end();
  assert.equal(await peer.rest(), "reply");
});
