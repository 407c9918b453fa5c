// Many bytes pass a monitored connection: no client waits for the reader of the output, and memory stays flat.
//   MONITOR_BYTES=10000000000 node --test dist/test/long/monitor-volume.test.js
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { DISCOVERY, telegram } from "../support/conbus.js";
import { ConfigFile } from "../support/config.js";
import { type DaemonProcess, startDaemon, startDaemonUnder } from "../support/daemon.js";
import { startEcho } from "../support/echo.js";
import { freePort } from "../support/free-port.js";
import { Client } from "../support/net.js";
import { resident } from "../support/process.js";
import { notShown, Output } from "../support/shown.js";
import { pause, until } from "../support/wait.js";

const BYTES = Number(process.env["MONITOR_BYTES"] ?? 3e8);
const MIB = 1_048_576;

/** A server that counts its bytes. */
class Sink {
  bytes = 0;
  readonly port: number;
  readonly server: Server;

  constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => {
        this.bytes += chunk.length;
      });
    });
  }

  static async open(): Promise<Sink> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Sink(server);
  }
}

/** Sends a piece again and again, until so many bytes have left. */
async function pour(port: number, bytes: number, piece: Buffer): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  for (let sent = 0; sent < bytes; sent += piece.length) {
    if (!socket.write(piece.subarray(0, Math.min(piece.length, bytes - sent)))) await once(socket, "drain");
  }
  socket.on("error", () => {}); // the daemon resets what is still there when it stops
  socket.end();
}

/** Resident memory during some work: after a tenth of it, and the maximum after that. */
async function memoryDuring(
  daemon: DaemonProcess,
  progress: () => number,
  work: Promise<void>,
): Promise<{ early: number; most: number }> {
  let [early, most] = [0, 0];
  const watch = setInterval(() => {
    if (progress() < 0.1) early = Math.max(early, resident(daemon));
    else most = Math.max(most, resident(daemon));
  }, 50);
  try {
    await work;
    await until(() => progress() >= 1, "all to arrive", 120_000);
  } finally {
    clearInterval(watch);
  }
  return { early: early || resident(daemon), most };
}

const KINDS = [
  { name: "telegrams", bytes: BYTES, text: Array.from({ length: 50_000 }, (_, n) => telegram(`R0020030837F02D${n}`)) },
  { name: "bytes outside of telegrams", bytes: BYTES, text: ["junk\r\n\0\xff".repeat(100_000)] },
  // passes six times as fast as the others: more bytes, so that memory has settled after a tenth of them
  { name: "a telegram that never ends", bytes: 4 * BYTES, text: ["<".repeat(10), "S".repeat(1_000_000)] },
];
for (const { name, bytes, text } of KINDS) {
  test(`${Math.round(bytes / 1e6)} MB of ${name}: flat memory`, { timeout: 170_000 }, async (t) => {
    const sink = await Sink.open();
    const port = await freePort();
    const config = new ConfigFile(`[direct]\n${port}=CONN 127.0.0.1:${sink.port} MONI=conbus\n`);
    const quiet = ["sh", "-c", 'exec "$0" "$@" > /dev/null'];
    const daemon = await startDaemonUnder(quiet, ["-c", config.path]);
    t.after(() => daemon.stop("SIGKILL"));
    t.after(() => sink.server.close());
    const since = performance.now();
    const work = pour(port, bytes, Buffer.from(text.join(""), "latin1"));
    const { early, most } = await memoryDuring(daemon, () => sink.bytes / bytes, work);
    const seconds = (performance.now() - since) / 1000;
    assert.equal(sink.bytes, bytes);
    t.diagnostic(
      `${seconds.toFixed(1)} s, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s; resident ${(early / MIB).toFixed(0)} MiB ` +
        `in the first tenth, then ${(most / MIB).toFixed(0)} MiB at most`,
    );
    assert.ok(most - early < 64 * MIB, `memory grew from ${early / MIB} to ${most / MIB} MiB`);
    assert.equal(await daemon.stop(), 0);
  });
}

test("a standard output without a reader delays nobody; messages that do not show are counted", async (t) => {
  const sink = await Sink.open();
  const echo = await startEcho();
  t.after(() => {
    sink.server.close();
    echo.stop();
  });
  const [port, other] = [await freePort(), await freePort()];
  const config = new ConfigFile(
    `[direct]\n${port}=CONN 127.0.0.1:${sink.port} MONI=conbus\n${other}=CONN 127.0.0.1:${echo.port} MONI=conbus\n`,
  );
  const daemon = await startDaemon("-c", config.path);
  t.after(() => daemon.stop("SIGKILL"));
  const count = 300_000;
  const all = Array.from({ length: count }, (_, n) => telegram(`R0020030837F02D${String(n).padStart(6, "0")}`));
  const bytes = Buffer.from(all.join(""), "latin1");
  const before = resident(daemon);
  await pour(port, bytes.length, bytes);
  await until(() => sink.bytes === bytes.length, "all at the server", 15_000);
  const client = await Client.open(other);
  client.write(DISCOVERY);
  await client.take(DISCOVERY.length);
  const grown = resident(daemon) - before;
  assert.ok(grown < 100 * MIB, `memory grew by ${grown / MIB} MiB`);
  const output = new Output(daemon.child.stdout as Readable);
  await output.says(/\d+ messages? not shown/);
  // messages show again from now on
  const late = DISCOVERY.repeat(5);
  client.write(late);
  await client.take(late.length);
  await until(
    () => output.messages.filter((line) => line === `[PROXY→CLIENT] ${DISCOVERY}`).length >= 5,
    "the late ones",
  );
  client.destroy();
  await daemon.stop();
  const { whole, events, missed } = account(output);
  t.diagnostic(`${whole} of ${count + 12} shown, ${missed} not`);
  assert.equal(whole + events + missed, count + 12 + 4);
});

/** The number of messages with both lines, of events, and of those reported as not shown. */
function account(output: Output): { whole: number; events: number; missed: number } {
  return {
    whole: output.messages.filter((line) => /^\[PROXY→(SERVER|CLIENT)\]/.test(line)).length,
    events: output.shown.filter(({ label }) => /CONNECT$/.test(label)).length,
    missed: notShown(output.text),
  };
}

test("a server that does not read for a while: every message shows or is counted", async (t) => {
  const sink = await Sink.open();
  t.after(() => sink.server.close());
  const port = await freePort();
  const config = new ConfigFile(`[direct]\n${port}=CONN 127.0.0.1:${sink.port} MONI=conbus\n`);
  const daemon = await startDaemon("-c", config.path);
  t.after(() => daemon.stop("SIGKILL"));
  const output = new Output(daemon.child.stdout as Readable);
  const accepted = once(sink.server, "connection");
  const count = 500_000;
  const bytes = Buffer.from(DISCOVERY.repeat(count), "latin1");
  const poured = pour(port, bytes.length, bytes);
  const [socket] = (await accepted) as [Socket];
  socket.pause();
  await quiet(output); // all clients wait for the server
  socket.resume();
  await poured;
  await until(() => sink.bytes === bytes.length, "all at the server", 20_000);
  const ended = once(daemon.child.stdout as Readable, "end");
  await quiet(output);
  assert.equal(await daemon.stop(), 0);
  await ended;
  const { whole, events, missed } = account(output);
  t.diagnostic(`${whole} of ${count} shown, ${missed} not`);
  assert.equal(whole + events + missed, count + 2);
});

/** Waits until the output is quiet. */
async function quiet(output: Output): Promise<void> {
  let before = -1;
  await until(async () => {
    const now = output.text.length;
    const still = now === before;
    before = now;
    if (!still) await pause(100);
    return still;
  }, "nothing more to be said");
}
