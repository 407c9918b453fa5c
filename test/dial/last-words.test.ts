import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { dial } from "#src/dial/dial.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { from } from "../support/origin.js";
import { servicesHere } from "../support/services.js";

/** Takes one connection, says its words, and resets the connection; tells that by `done`. */
const REMOTE = `
  const { parentPort, workerData: { words, done } } = require("node:worker_threads");
  const server = require("node:net").createServer((socket) => {
    const reset = () => {
      socket.resetAndDestroy();
      server.close();
      Atomics.store(done, 0, 1);
      Atomics.notify(done, 0);
    };
    if (words === 0) reset();
    else socket.write("x".repeat(words), reset);
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** Dials a remote that resets the connection before this process has seen that it is connected. */
async function dialOf(t: TestContext, words: number): ReturnType<typeof dial>["end"] {
  const { context } = servicesHere(t).generation;
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(REMOTE, { eval: true, workerData: { words, done } });
  t.after(() => worker.terminate());
  const [port] = (await once(worker, "message")) as [number];
  const target = { host: "127.0.0.1", port };
  const { end } = dial({ target, options: DEFAULT_OPTIONS }, from("127.0.0.1"), context);
  await new Promise<void>((begun) => process.nextTick(begun)); // Node begins to connect in a tick of its own
  assert.notEqual(Atomics.wait(done, 0, 0, 10_000), "timed-out");
  return end;
}

for (const words of [1, 1000, 60_000]) {
  test(`a remote that says ${words} bytes and resets the connection at once is heard, and then lost`, async (t) => {
    const end = await dialOf(t, words);
    let heard = 0;
    const error = await new Promise<NodeJS.ErrnoException | undefined>((closed) => {
      end.events = {
        ...IGNORE_EVENTS,
        data: ({ length }) => {
          heard += length;
        },
        closed,
      };
      end.write("for nobody");
      end.resume();
    });
    assert.deepEqual([heard, error?.code], [words, "ECONNRESET"]);
    assert.match(end.peerAddress, /^127\.0\.0\.1$/);
  });
}

test("a remote that resets the connection without a word has not been reached", async (t) => {
  await assert.rejects(dialOf(t, 0), { message: "connection reset" });
});
