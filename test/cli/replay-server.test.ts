import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { replayServer } from "#src/cli/replay-server.js";
import { scriptsOf } from "#src/core/record/exchanges-of.js";
import { type Entry, entryLine, readRecording, recordingHead } from "#src/core/record/recording.js";
import { Client } from "../support/net.js";
import { until } from "../support/wait.js";

const said = (who: "client" | "device", text: string, at: number): Entry => ({
  ...{ kind: "message", at, connection: 1, who, bytes: Buffer.from(text) },
});

/** A replayed device of lines on a port of this machine, and what it tells people. */
async function device(t: TestContext, timing: boolean, ...entries: readonly Entry[]) {
  const open: Entry = { kind: "open", at: 0, connection: 1, device: "panel:1", protocol: "echo" };
  const read = readRecording([recordingHead("", ""), ...[open, ...entries].map(entryLine)].join("\n"));
  assert.ok(read.ok);
  const [script] = scriptsOf(read.value);
  assert.ok(script !== undefined);
  const told: string[] = [];
  const over = new AbortController();
  const server = replayServer(script, timing, over.signal, (line) => told.push(line));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => over.abort());
  const { port } = server.address() as AddressInfo;
  return { port, told, over, server };
}

test("answers come in order, also those of requests in one piece, and to a client that has sent FIN already", async (t) => {
  const { port } = await device(
    t,
    true,
    ...[said("client", "a\n", 0), said("device", "1\n", 60), said("client", "b\n", 2000), said("device", "2\n", 2010)],
    said("device", "3\n", 2020),
  );
  const client = await Client.open(port);
  const began = performance.now();
  client.write("a\nb\n");
  client.end();
  assert.equal(await client.rest(), "1\n2\n3\n");
  assert.ok(performance.now() - began > 70, "as late as they came: 60, 10 and 10 ms");
});

test("a client that asks faster than the device answered is read no further", async (t) => {
  const { port, server } = await device(t, true, said("client", "a\n", 0), said("device", "1\n", 50));
  const connected = once(server, "connection");
  const client = await Client.open(port);
  const [socket] = (await connected) as [Socket];
  client.write("a\n".repeat(4_000_000));
  await until(() => socket.isPaused(), "the device to stop reading");
  assert.ok(socket.bytesRead < 1_000_000, `${socket.bytesRead} bytes`);
  client.destroy();
});

test("what was said unasked comes by itself; a request that is not recorded is told; several clients", async (t) => {
  const { port, told } = await device(
    t,
    false,
    said("device", "hello\n", 5),
    said("client", "a\n", 9),
    said("device", "1\n", 10),
  );
  const clients = [await Client.open(port), await Client.open(port)];
  for (const client of clients) {
    assert.equal(await client.take(6), "hello\n");
    client.write("x\na\n");
    assert.equal(await client.take(2), "1\n");
  }
  assert.equal(told.filter((line) => line.endsWith("not in the recording, no answer: x")).length, 2);
  for (const client of clients) client.destroy();
  await until(() => told.filter((line) => line.endsWith("disconnected")).length === 2, "both to be told as gone");
});

test("a device that closes or resets behind an answer does it again; the signal ends the server with its clients", async (t) => {
  const closes = await device(t, false, said("client", "a\n", 0), said("device", "1\n", 5), {
    ...{ kind: "end", at: 6, connection: 1, who: "device" },
  });
  const client = await Client.open(closes.port);
  client.write("a\n");
  assert.equal(await client.rest(), "1\n");
  const resets = await device(t, false, said("client", "a\n", 0), {
    ...{ kind: "end", at: 6, connection: 1, who: "device", reset: true },
  });
  const other = await Client.open(resets.port);
  other.write("a\n");
  const [error] = (await once(other.socket, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
  const last = await Client.open(closes.port);
  closes.over.abort();
  await Promise.all([once(closes.server, "close"), last.rest().catch(() => {})]);
});
