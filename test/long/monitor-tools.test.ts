// `watch --short`, `watch --pcap`, `record` and `replay`, as processes, with the programs that people use beside them.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { after, type TestContext, test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { type DaemonProcess, MAIN, startDaemon } from "../support/daemon.js";
import { Asker } from "../support/exchange.js";
import { freePort } from "../support/free-port.js";
import { MODBUS_KINDS, type ModbusKind } from "../support/modbus.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { missing } from "../support/peers.js";
import { Output } from "../support/shown.js";
import { Simulator } from "../support/simulator.js";
import { statJson } from "../support/stat-json.js";
import { until } from "../support/wait.js";
import { WatchCommand } from "../support/watcher.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-tools-`);
after(() => rmSync(folder, { recursive: true }));

interface Scene {
  readonly daemon: DaemonProcess;
  readonly direct: number;
  readonly mux: number;
  readonly device: Simulator;
}

/** A device, and a daemon with a direct and a shared port for it. */
async function scene(t: TestContext, kind: ModbusKind): Promise<Scene> {
  const device = await Simulator.open(modbusProtocol(kind));
  const [direct, mux] = [await freePort(), await freePort()];
  const target = `127.0.0.1:${device.port}`;
  const config = new ConfigFile(`[direct]\n${direct}=CONN ${target}\n[mux]\n${mux}=${target} PROT=${kind}\n`);
  const daemon = await startDaemon("-c", config.path);
  t.after(async () => {
    daemon.discard();
    await device.stop();
  });
  return { daemon, direct, mux, device };
}

/** Starts `sockproxyd` with these words. */
function start(t: TestContext, ...words: string[]): { child: ChildProcess; output: Output; errors: Output } {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  return { child, output: new Output(child.stdout as Readable), errors: new Output(child.stderr as Readable) };
}

/** Waits until so many watch the daemon. */
async function watched(daemon: DaemonProcess, count: number): Promise<void> {
  await until(async () => {
    const { monitor } = await statJson(daemon.port);
    return monitor.watchers === count;
  }, `${count} watchers`);
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
  child.kill(signal);
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

/** Asks some values on a connection of its own. */
async function ask(port: number, kind: ModbusKind, keys: readonly number[]): Promise<void> {
  const asker = await Asker.open(port, modbusProtocol(kind));
  for (const key of keys) assert.equal(await asker.outcome(key), "right");
  asker.client.end();
  await asker.client.rest();
}

function tshark(path: string, ...words: string[]): string[] {
  const { stdout, status, stderr } = spawnSync("tshark", ["-r", path, ...words], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.split("\n").filter(Boolean);
}

const KEYS = [1, 2, 3, 300, 700];

test("--pcap: tshark decodes each message once, finds nothing wrong, and sees both ends", {
  skip: missing("tshark"),
}, async (t) => {
  for (const [kind, dissector] of [
    ["modbus", "mbtcp"],
    ["modbus-serial", "mbrtu"],
  ] as const) {
    const { daemon, direct, mux, device } = await scene(t, kind);
    const path = `${folder}/${kind}.pcapng`;
    const { child } = start(t, "watch", `127.0.0.1:${daemon.port}`, "--pcap", path);
    await watched(daemon, 1);
    for (const port of [direct, mux]) await ask(port, kind, KEYS);
    const ends = (): number => readFileSync(path, "latin1").split("by client; ").length - 1;
    await until(() => ends() === 2, "both connections in the file, before it ends");
    assert.equal(await stopped(child), 0);
    const decoding = ["-d", `tcp.port==${device.port},${dissector}`, "-o", "tcp.check_checksum:TRUE"];
    const messages = tshark(path, ...decoding, "-Y", "modbus && !_ws.malformed", "-T", "fields", "-e", "tcp.stream");
    assert.equal(
      messages.length,
      3 * 2 * KEYS.length,
      "direct, client of the mux, link of the mux: request and answer",
    );
    assert.equal(new Set(messages).size, 3);
    assert.deepEqual(tshark(path, ...decoding, "-Y", "tcp.len > 0 && !modbus"), []);
    const wrong = "tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed";
    assert.deepEqual(tshark(path, ...decoding, "-Y", wrong), []);
    const places = tshark(path, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0", "-T", "fields", "-e", "tcp.dstport");
    assert.deepEqual(places, Array(3).fill(String(device.port)));
  }
});

test("--pcap -: packets reach the reader at once; when it goes, the command ends with 0", {
  skip: missing("tshark"),
}, async (t) => {
  const { daemon, direct, device } = await scene(t, "modbus");
  const child = spawn(process.execPath, [MAIN, "watch", `127.0.0.1:${daemon.port}`, "--pcap", "-"]);
  t.after(() => child.kill("SIGKILL"));
  const errors = new Output(child.stderr);
  const words = ["-l", "-i", "-", "-d", `tcp.port==${device.port},mbtcp`, "-Y", "modbus"];
  const reader = spawn("tshark", words, { stdio: ["pipe", "pipe", "ignore"] });
  t.after(() => reader.kill("SIGKILL"));
  child.stdout.pipe(reader.stdin);
  reader.stdin.on("error", () => {});
  const shown = new Output(reader.stdout);
  await watched(daemon, 1);
  await ask(direct, "modbus", [5]);
  await until(() => shown.lines.length >= 2, "the messages", 60_000);
  reader.kill("SIGKILL");
  child.stdout.destroy(); // nothing passes any more
  if (child.exitCode === null) await once(child, "exit");
  assert.equal(child.exitCode, 0);
  assert.equal(errors.text, "");
});

test("--short: a line for each exchange", async (t) => {
  const { daemon, mux } = await scene(t, "modbus");
  const command = new WatchCommand(t, `127.0.0.1:${daemon.port}`, String(mux), "--short");
  await watched(daemon, 1);
  await ask(mux, "modbus", KEYS);
  await until(() => command.output.text.includes("disconnect"), "the end");
  const exchanges = command.output.lines.filter((line) => line.includes("→"));
  assert.equal(exchanges.length, KEYS.length);
  for (const line of exchanges)
    assert.match(line, /^\d\d:\d\d:\d\d 127\.0\.0\.1:\d+ unit \d+ read holding registers [\d-]+ → [\d ]+ {2}\d+ ms$/);
});

test("record and replay: the device answers without being there, on every framing of Modbus", async (t) => {
  for (const kind of MODBUS_KINDS) {
    const { daemon, direct } = await scene(t, kind);
    const path = `${folder}/${kind}.rec`;
    const recording = start(t, "record", path, `127.0.0.1:${daemon.port}`, String(direct));
    await watched(daemon, 1);
    await ask(direct, kind, KEYS);
    await until(() => readFileSync(path, "utf8").includes('"event":"end"'), "the end of the connection");
    assert.equal(await stopped(recording.child), 0);
    assert.match(recording.errors.text, /10 messages of 1 connection in/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    daemon.discard();
    const port = await freePort();
    const { child, output } = start(t, "replay", path, "--listen", String(port), "--timing");
    await output.says(/as recorded .*: 5 requests of /);
    await Promise.all([ask(port, kind, KEYS), ask(port, kind, [...KEYS].reverse())]);
    assert.equal(await stopped(child), 0);
  }
});

test("record: the size and the time limit end it, and say so", async (t) => {
  const { daemon, direct } = await scene(t, "modbus");
  const path = `${folder}/short.rec`;
  const { child, errors } = start(t, "record", path, `127.0.0.1:${daemon.port}`, "--time", "2s");
  await watched(daemon, 1);
  await ask(direct, "modbus", [1]);
  if (child.exitCode === null) await once(child, "exit");
  assert.equal(child.exitCode, 0);
  assert.match(errors.text, /the time limit is reached: 2 messages of 1 connection in/);
});

test("record and replay end by SIGHUP as by SIGTERM, with their last lines", async (t) => {
  const { daemon, direct } = await scene(t, "modbus");
  const path = `${folder}/hangup.rec`;
  const recording = start(t, "record", path, `127.0.0.1:${daemon.port}`);
  await watched(daemon, 1);
  await ask(direct, "modbus", [1]);
  await until(() => readFileSync(path, "utf8").includes('"event":"end"'), "the end of the connection");
  assert.equal(await stopped(recording.child, "SIGHUP"), 0);
  assert.match(recording.errors.text, /2 messages of 1 connection in/);
  const replay = start(t, "replay", path, "--listen", String(await freePort()));
  await replay.output.says(/as recorded/);
  assert.equal(await stopped(replay.child, "SIGHUP"), 0);
});

for (const [what, path] of [
  ["a FIFO", "file"],
  ["a pipe", "-"],
] as const) {
  test(`record: ${what} whose reader takes nothing holds the end for some seconds only`, {
    skip: missing("mkfifo"),
  }, async (t) => {
    const { daemon, direct } = await scene(t, "modbus");
    const fifo = `${folder}/${what}`;
    assert.equal(spawnSync("mkfifo", [fifo]).status, 0);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK); // and nobody reads it
    const writer = openSync(fifo, constants.O_WRONLY);
    t.after(() => [reader, writer].forEach(closeSync));
    const child = spawn(process.execPath, [MAIN, "record", path === "-" ? "-" : fifo, `127.0.0.1:${daemon.port}`], {
      stdio: ["ignore", writer, "pipe"],
    });
    t.after(() => child.kill("SIGKILL"));
    const errors = new Output(child.stderr as Readable);
    await watched(daemon, 1);
    const keys = Array.from({ length: 1000 }, (_, key) => key); // 160 bytes each: more than a pipe holds
    await ask(direct, "modbus", keys);
    child.kill("SIGINT");
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 1);
    assert.match(errors.text, /what reads it takes no more: the last \d+ bytes are lost/);
  });
}
