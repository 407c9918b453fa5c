import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { type DaemonProcess, startDaemon } from "../../support/daemon.js";
import { Client, greet } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { until } from "../../support/wait.js";

let daemon: DaemonProcess;
before(async () => {
  daemon = await startDaemon();
});
after(() => daemon.stop());

/** All replies of the daemon to these packets without the greeting, until it closes. */
async function talk(...packets: (string | Buffer)[]): Promise<string> {
  const { client } = await greet(daemon.port);
  for (const packet of packets) {
    client.write(packet);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const answer = await client.rest();
  client.destroy();
  return answer;
}

test("the greeting comes at once, with the time in hex as pid, each larger than the one before", async () => {
  const clients = await Promise.all(Array.from({ length: 50 }, () => greet(daemon.port)));
  const pids = clients.map(({ pid }) => Number.parseInt(pid, 16));
  assert.equal(new Set(pids).size, 50);
  for (const pid of pids) assert.ok(Math.abs(pid - Date.now()) < 60_000);
  for (const { client } of clients) client.destroy();
  const later = await greet(daemon.port);
  assert.ok(Number.parseInt(later.pid, 16) > Math.max(...pids));
  later.client.destroy();
});

test("several lines in one packet, and one line in many, in any case, blank ones ignored", async () => {
  assert.match(
    await talk("\n\nbild\nCAPA\nQUIT\n"),
    /^OK \d+\nOK CAPA BLKS RTIM NTFY PACE CONN UDP[ A-Z]*\nOK QUIT\n$/,
  );
  assert.equal(await talk("Q", "U", "I", "T", "\n"), "OK QUIT\n");
});

test("a refused line gets ERR and its command, and the connection is closed", async () => {
  assert.match(await talk("FOO bar\nSTAT\n"), /^ERR FOO [^\n]+\n$/);
  assert.match(await talk("STAT\r\nSTAT\n"), /^ERR STAT [^\n]+\n$/);
  assert.match(await talk("CONN nowhere\n"), /^ERR CONN [^\n]+\n$/);
  assert.match(await talk("x".repeat(4097)), /^ERR LINE [^\n]+\n$/);
  assert.match(await talk(`${"x".repeat(5000)}\nQUIT\n`), /^ERR LINE [^\n]+\n$/);
  assert.match(await talk("x".repeat(4000), "x".repeat(4000)), /^ERR LINE [^\n]+\n$/);
});

test("an HTTP POST with STOP in its body does not stop the daemon", async () => {
  const body = "STOP\nSTOP\n";
  assert.match(
    await talk(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    /^ERR POST [^\n]+\n$/,
  );
  assert.match(await talk(`POST / HTTP/1.0\n\n${body}`), /^ERR POST [^\n]+\n$/);
  (await greet(daemon.port)).client.destroy();
  assert.equal(daemon.child.exitCode, null);
});

test("STAT shows every connection, the asking one marked, and is followed by nothing", async () => {
  const other = await greet(daemon.port);
  const { client, pid } = await greet(daemon.port);
  client.write("STAT\nQUIT\n");
  const lines = (await client.rest()).split("\n");
  assert.equal(lines[0], " ID               St Client           Remote              #recv   #xmit Notify");
  const row = (id: string, mark: string): string =>
    `${mark}${id.padEnd(16)} 1  127.0.0.1                                0       0`;
  assert.ok(lines.includes(row(pid, "*")), lines.join("\n"));
  assert.ok(lines.includes(row(other.pid, " ")), lines.join("\n"));
  assert.deepEqual(lines.slice(-2), ["OK QUIT", ""]);
  other.client.destroy();
  client.destroy();
});

test("STAT JSON is one line with the whole status", async () => {
  const { client, pid } = await greet(daemon.port);
  client.write("STAT JSON\n");
  const status = JSON.parse(await client.line());
  client.destroy();
  assert.equal(status.version, JSON.parse(spawnSync("cat", ["package.json"], { encoding: "utf8" }).stdout).version);
  assert.ok(status.uptimeMs >= 0 && status.uptimeMs < 600_000);
  assert.deepEqual(status.listeners, [
    { kind: "proxy", name: `proxy port ${daemon.port}`, address: "::", port: daemon.port },
  ]);
  const own = status.connections.find((connection: { id: string }) => connection.id === pid);
  assert.equal(own.phase, "setup");
  assert.equal(own.client, "127.0.0.1");
  assert.equal(own.clientPort, client.socket.localPort ?? own.clientPort);
});

test("a client that sends commands and never reads costs bounded memory and delays nobody", async () => {
  const { client } = await greet(daemon.port);
  client.socket.pause();
  const flood = Buffer.from("HELP\n".repeat(20_000));
  let taken = true;
  for (let round = 0; round < 200 && taken; round += 1) {
    taken = client.socket.write(flood);
    if (!taken)
      taken = await Promise.race([
        new Promise<boolean>((resolve) => client.socket.once("drain", () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
      ]);
  }
  assert.equal(taken, false, "its commands are left waiting");
  const other = await greet(daemon.port);
  other.client.write("QUIT\n");
  assert.equal(await other.client.line(), "OK QUIT");
  client.destroy();
  other.client.destroy();
});

test("IPv6 and IPv4 clients are served; an IPv4 client shows as IPv4", async () => {
  const { client, pid } = await greet(daemon.port, "::1");
  client.write("STAT\n");
  await client.line();
  await until(() => client.bytes.includes(pid), "the row");
  assert.match(client.bytes.toString(), new RegExp(`\\*${pid} +1 {2}::1 `));
  assert.doesNotMatch(client.bytes.toString(), /::ffff/);
  client.destroy();
});

test("a client that closes its side after its commands still gets the replies", async () => {
  const client = await Client.open(daemon.port);
  client.write("STAT\n");
  client.end();
  assert.match(await client.rest(), /^OK TOGGLEDBITS-SOCKPROXY 1 .*\n ID .*\n[\s\S]*\*[0-9a-f]+/);
});

test("a command without its line feed is not executed", async () => {
  const client = await Client.open(daemon.port);
  client.write("STOP");
  client.end();
  assert.match(await client.rest(), /^OK TOGGLEDBITS-SOCKPROXY 1 [0-9a-f]+\n$/);
  (await greet(daemon.port)).client.destroy();
});

test("a person with nc: STAT and QUIT", { skip: missing("nc") }, () => {
  const nc = spawnSync("nc", ["127.0.0.1", String(daemon.port)], {
    input: "STAT\nQUIT\n",
    encoding: "utf8",
    timeout: 10_000,
  });
  assert.match(nc.stdout, /^OK TOGGLEDBITS-SOCKPROXY 1 [0-9a-f]+\n ID [\s\S]*\nOK QUIT\n$/);
  assert.equal(nc.status, 0);
});

test("STOP is answered, ends the daemon with status 0 and frees the port", { skip: missing("nc") }, async () => {
  const own = await startDaemon();
  const nc = spawnSync("nc", ["127.0.0.1", String(own.port)], { input: "STOP\n", encoding: "utf8", timeout: 10_000 });
  assert.match(nc.stdout, /\nOK STOP\n$/);
  await until(() => own.child.exitCode !== null, "the end of the daemon");
  assert.equal(own.child.exitCode, 0);
  await assert.rejects(Client.open(own.port));
});
