import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { MAIN, portAnswers, startDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { FakeLuup } from "../../support/luup.js";
import { Device, greet, relayed } from "../../support/net.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-log-`);
after(() => rmSync(folder, { recursive: true }));

const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (ERROR|WARN |INFO |DEBUG) \S/;

test("three lines per connection, each with time, level, id, client and target", async () => {
  const daemon = await startDaemon();
  const device = await Device.open();
  const { client, pid, remote } = await relayed(daemon.port, device);
  client.write("12345");
  await remote.take(5);
  remote.write("123");
  remote.end();
  await client.rest();
  client.end();
  await until(() => daemon.log().includes("closed: by remote"), "the last line");
  await daemon.stop();
  device.close();
  const lines = daemon.log().trim().split("\n");
  for (const line of lines) assert.match(line, LINE);
  const own = lines.filter((line) => line.includes(`[${pid} 127.0.0.1:${client.socket.localPort ?? ""}`));
  const target = `127.0.0.1:${device.port}`;
  assert.equal(own.length, 3, lines.join("\n"));
  assert.match(own[0] ?? "", / INFO {2}\[\S+ 127\.0\.0\.1:\d+ > -\] opened on proxy port \d+(?: \(\d\.\d s ago\))?$/);
  assert.match(own[1] ?? "", new RegExp(` > ${target}\\] connected to ${target} after \\d+ ms$`));
  assert.match(
    own[2] ?? "",
    new RegExp(` > ${target}\\] closed: by remote; \\d+\\.\\d s, 3 bytes from remote, 5 to remote$`),
  );
});

test("-D adds every command, read, write and notification", async () => {
  const luup = await new FakeLuup().start();
  const daemon = await startDaemon("-D", "-N", luup.url);
  const device = await Device.open();
  const { client, remote } = await relayed(daemon.port, device, "NTFY=5/urn:x/Act/p1");
  client.write("12345");
  await remote.take(5);
  remote.write("123");
  await luup.received("p1", 1);
  await until(() => daemon.log().includes("notification answered: delivered"), "the answer");
  const log = daemon.log();
  assert.match(log, /DEBUG \[\S+ \S+ > -\] command CONN 127\.0\.0\.1:\d+ NTFY=5\/urn:x\/Act\/p1$/m);
  assert.match(log, /DEBUG \[\S+ \S+ > 127\.0\.0\.1:\d+\] read 5 bytes from client, written to remote$/m);
  assert.match(log, /DEBUG \[\S+ \S+ > 127\.0\.0\.1:\d+\] read 3 bytes from remote, written to client$/m);
  assert.match(log, /DEBUG \[\S+ \S+ > 127\.0\.0\.1:\d+\] notification sent: GET http:\S+\/data_request\?\S+&Pid=p1$/m);
  client.destroy();
  device.close();
  await daemon.stop();
  await luup.stop();
});

test("log-format=json: one object a line, with connection, client and remote apart", async () => {
  const path = `${folder}/json.log`;
  const config = new ConfigFile(`[host]\nlog=${path}\nlog-format=json\nlog-size=1\n`);
  const daemon = await startHere("-c", config.path);
  const device = await Device.open();
  const { client, pid } = await relayed(daemon.port, device);
  client.destroy();
  const read = () =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  await until(() => read().some(({ message }) => message.startsWith("closed: ")), "the last line");
  const closed = read().find(({ message }) => message.startsWith("closed: "));
  assert.deepEqual([closed.level, closed.connection, closed.remote], ["info", pid, `127.0.0.1:${device.port}`]);
  assert.match(closed.client, /^127\.0\.0\.1:\d+$/);
  assert.ok(read().every(({ time, level, message }) => time && level && message));
  device.close();
  await daemon.stop();
});

test("what a client sends cannot forge a line", async () => {
  const daemon = await startDaemon("-D");
  const { client } = await greet(daemon.port);
  client.write("CONN a\u2028b\x1b[2J\x0b2026-01-01T00:00:00.000Z ERROR forged\n");
  await client.rest();
  client.end();
  await until(() => daemon.log().includes("closed:"), "the last line");
  for (const line of daemon
    .log()
    .trim()
    .split(/[\n\v\u2028]/))
    assert.match(line, LINE);
  assert.ok(!daemon.log().includes("\x1b"));
  await daemon.stop();
});

/** A client that says something: it has lines in the log. */
async function quit(port: number): Promise<void> {
  const { client } = await greet(port);
  client.write("QUIT\n");
  await client.rest();
  client.destroy();
}

test("SIGHUP opens a log file anew; one that was removed stops nothing", async () => {
  const path = `${folder}/moved.log`;
  const daemon = await startDaemon("-L", path);
  await until(() => existsSync(path) && readFileSync(path, "utf8").includes("started"), "the log");
  renameSync(path, `${path}.1`);
  await quit(daemon.port);
  await until(() => readFileSync(`${path}.1`, "utf8").includes("closed:"), "lines in the moved file");
  daemon.child.kill("SIGHUP");
  await until(() => existsSync(path) && readFileSync(path, "utf8").includes("log opened again"), "the new file");
  await quit(daemon.port);
  await until(() => readFileSync(path, "utf8").includes("closed:"), "lines in the new file");
  rmSync(path);
  await quit(daemon.port);
  assert.equal(await daemon.stop(), 0);
});

test("a full disk costs the lines and nothing else, and is told of on stderr and in STAT JSON", async () => {
  const daemon = await startDaemon("-L", "/dev/full");
  await until(() => daemon.log().includes("ENOSPC"), "the complaint");
  for (let n = 0; n < 5; n += 1) {
    assert.ok((await statJson(daemon.port)).logLinesLost > 0);
  }
  assert.equal(
    daemon
      .log()
      .split("\n")
      .filter((line) => line.includes("ENOSPC")).length,
    1,
  );
  assert.equal(await daemon.stop(), 0);
});

test("a stderr that nobody reads holds nothing up", async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, "-p", String(port), "-D"], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    await portAnswers(port);
    const flood = "CONN ".padEnd(4000, "x");
    for (let n = 0; n < 300; n += 1) {
      const { client } = await greet(port);
      client.write(`${flood}\n`);
      assert.match(await client.rest(), /^ERR CONN/);
      client.destroy();
    }
  } finally {
    child.stderr.destroy();
    child.kill("SIGTERM");
  }
  const [status] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  assert.equal(status, 0);
});

test("a stderr whose reader has gone stops nothing", async () => {
  const daemon = await startDaemon();
  daemon.child.stderr?.destroy();
  for (let n = 0; n < 20; n += 1) (await greet(daemon.port)).client.destroy();
  (await greet(daemon.port)).client.destroy();
  assert.equal(await daemon.stop(), 0);
});
