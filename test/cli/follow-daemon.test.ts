import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { followDaemon, type LineSink } from "#src/cli/follow-daemon.js";
import type { Started } from "#src/cli/outcome.js";

/** What becomes of a command that follows what listens there; it ends when the daemon is tried again. */
async function followed(greetings: readonly string[], sink: LineSink = { line() {} }): Promise<Started> {
  const server = createServer((socket) => socket.on("error", () => {}).end(greetings.join("")));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const over = new AbortController();
  const complain = (): void => over.abort();
  try {
    return await followDaemon({ address: { host: "127.0.0.1", port } }, "WTCH", sink, over.signal, complain);
  } finally {
    server.close();
  }
}

test("what is no daemon, or does not answer, is not tried again", async () => {
  for (const [greetings, words] of [
    [[], /without an answer/],
    [["220 mail\r\n"], /no sockproxyd, it says "220 mail"$/],
    [["OK TOGGLEDBITS-SOCKPROXY 1 a\n"], /without an answer/],
    [["OK TOGGLEDBITS-SOCKPROXY 1 a\n", "ERR WTCH no such port\n"], /ERR WTCH no such port$/],
  ] as const) {
    const outcome = await followed(greetings);
    assert.equal(outcome.kind, "wrong");
    assert.match(outcome.kind === "wrong" ? outcome.lines.join() : "", words);
  }
});

test("a daemon that goes away is tried again, until the signal", async () => {
  const lines: string[] = [];
  const outcome = await followed(["OK TOGGLEDBITS-SOCKPROXY 1 a\n", "OK WTCH\n", "a line\n"], {
    line: (text) => void lines.push(text),
  });
  assert.deepEqual(outcome, { kind: "wrong", lines: [], status: 0 });
  assert.deepEqual(lines, ["a line"]);
});
