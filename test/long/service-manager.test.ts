// The daemon under programs that speak for systemd: one opens its sockets, one hears its messages.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MAIN, portAnswers } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { greet } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

const RECEIVER = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0", 1))
print("bound", flush=True)
while True:
    message = s.recv(4096).decode().replace("\\n", " ")
    print(int(time.time() * 1000), message, flush=True)
`;

/** A program whose output the test sees; it ends with the test. */
function run(t: TestContext, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const program = { child, text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (more: string) => {
      program.text += more;
    });
  }
  t.after(() => child.kill("SIGKILL"));
  return program;
}

/** A service manager that hears messages. Its answers to barriers are left out. */
async function receiver(t: TestContext, address: string) {
  const program = run(t, "python3", ["-c", RECEIVER, address]);
  await until(() => program.text.includes("bound"), "the receiver");
  const timed = (): { atMs: number; text: string }[] => {
    const lines = [...program.text.matchAll(/^(\d+) (.*)$/gm)].map(([, at, text = ""]) => ({ atMs: Number(at), text }));
    return lines.filter(({ text }) => text !== "BARRIER=1");
  };
  return {
    timed,
    get messages(): string[] {
      return timed().map(({ text }) => text);
    },
  };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-manager-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function configuration(folder: string, sections: string): string {
  const path = join(folder, "sockproxyd.conf");
  writeFileSync(path, sections);
  return path;
}

const PROGRAMS = ["systemd-notify", "systemd-socket-activate", "python3"];

test("sockets of the service manager serve their ports, what fits nothing is closed, and a reload keeps them", {
  skip: missing(...PROGRAMS),
}, async (t) => {
  const [proxy, page, odd, own] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const path = configuration(
    folderOf(t),
    `[host]\nport=${proxy}\n[web]\nport=${page}\n[direct]\n127.0.0.1:${own}=127.0.0.1:9\n`,
  );
  const sockets = [`${proxy}`, `127.0.0.1:${page}`, `127.0.0.1:${odd}`].flatMap((place) => ["-l", place]);
  const program = [process.execPath, MAIN, "-c", path];
  const activated = run(t, "systemd-socket-activate", [...sockets, "--fdname=proxy:page:odd", ...program]);
  await until(() => activated.text.includes(`127.0.0.1:${odd} as 5`), "the sockets");
  const { client } = await greet(proxy); // waits in the socket until the daemon is there
  client.write("STAT JSON\n");
  const { pid, listeners } = JSON.parse(await client.line());
  assert.equal(pid, activated.child.pid, "the daemon itself");
  assert.deepEqual(listeners.map(({ port }: { port: number }) => port).sort(), [proxy, page, own].sort());
  await until(() => activated.text.includes("(odd) of the service manager is closed"), "the end of the odd socket");
  assert.match(
    activated.text,
    new RegExp(`socket 3 \\(proxy\\) of the service manager listens on \\[::\\]:${proxy}\n`),
  );
  assert.match(activated.text, new RegExp(`socket 4 \\(page\\) of the service manager listens on 127.0.0.1:${page}\n`));
  await assert.rejects(greet(odd), { code: "ECONNREFUSED" });
  await portAnswers(page);
  client.write("RELD\n");
  assert.equal(await client.line(), "OK RELD");
  assert.doesNotMatch(activated.text, / ERROR | {2}cannot listen/);
  await greet(proxy).then(({ client: other }) => other.destroy());

  const moved = readFileSync(path, "utf8").replace("[host]", "[host]\nip=127.0.0.1");
  writeFileSync(path, moved);
  client.write("RELD\n");
  assert.match(
    await client.line(),
    /^ERR RELD .*cannot listen on 127\.0\.0\.1:\d+: already in use by a socket of the service manager/,
  );
  await greet(proxy).then(({ client: other }) => other.destroy()); // the socket of the service manager was not given up for it
  client.destroy();
  activated.child.kill("SIGTERM");
  assert.deepEqual(await once(activated.child, "exit"), [0, null]);
});

for (const host of ["", "127.0.0.1:"]) {
  test(`a UDP socket of the service manager on ${host}port serves its line`, {
    skip: missing(...PROGRAMS),
  }, async (t) => {
    const port = await freePort();
    const server = createSocket("udp4");
    const client = createSocket("udp4");
    t.after(() => void server.close());
    t.after(() => void client.close());
    server.on("message", (bytes, from) => server.send(`echo ${bytes}`, from.port, from.address));
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const line = `listen=udp:${host}${port}\ntarget=127.0.0.1:${server.address().port}\ntransport=udp\n`;
    const path = configuration(folderOf(t), `[host]\nport=0\n[direct echo]\n${line}`);
    const program = [process.execPath, MAIN, "-c", path];
    const activated = run(t, "systemd-socket-activate", ["--datagram", "-l", `${host}${port}`, ...program]);
    await until(() => activated.text.includes("as 3"), "the socket");
    const answered = once(client, "message");
    client.send("hello", port, "127.0.0.1"); // waits in the socket until the daemon is there
    const [answer] = await answered;
    assert.equal(String(answer), "echo hello");
    await until(() => activated.text.includes("socket 3 of the service manager listens on udp:"), "the log of it");
  });
}

for (const kind of ["path", "abstract name"]) {
  test(`the service manager behind ${kind === "path" ? "a" : "an"} ${kind} hears of start, life, reload and stop`, {
    skip: missing(...PROGRAMS),
  }, async (t) => {
    const folder = folderOf(t);
    const address = kind === "path" ? join(folder, "notify") : `@${folder}`;
    const manager = await receiver(t, address);
    const port = await freePort();
    const path = configuration(folder, `[host]\nip=127.0.0.1\nport=${port}\n`);
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: "400000" };
    const { child } = run(t, process.execPath, [MAIN, "-c", path], env);
    await until(() => manager.messages.length > 0, "a message");
    assert.equal(manager.messages[0], "READY=1");
    await greet(port).then(({ client }) => client.destroy());
    await until(() => manager.messages.filter((text) => text === "WATCHDOG=1").length > 1, "two signs of life");
    child.kill("SIGHUP");
    await until(() => manager.messages.filter((text) => text === "READY=1").length > 1, "the end of the reload");
    const others = manager.messages.filter((text) => text !== "WATCHDOG=1");
    assert.match(others.join(" "), /^READY=1 RELOADING=1 MONOTONIC_USEC=\d+ READY=1$/);
    child.kill("SIGTERM");
    await once(child, "exit");
    await until(() => manager.messages.includes("STOPPING=1"), "the stop");
  });
}

test("a daemon that stands still gives no sign of life", { skip: missing(...PROGRAMS) }, async (t) => {
  const folder = folderOf(t);
  const manager = await receiver(t, `@${folder}`);
  const [busy, go, block] = [join(folder, "busy.cjs"), join(folder, "go"), join(folder, "block")];
  // blocks the thread for two seconds, as a fault would, once the file is there
  writeFileSync(
    busy,
    `const { existsSync, renameSync, writeFileSync } = require("node:fs");
     const looking = setInterval(() => {
       if (!existsSync(${JSON.stringify(go)})) return;
       clearInterval(looking);
       const since = Date.now();
       while (Date.now() - since < 2000);
       writeFileSync(${JSON.stringify(go)}, JSON.stringify([since, Date.now()]));
       renameSync(${JSON.stringify(go)}, ${JSON.stringify(block)});
     }, 10);`,
  );
  const path = configuration(folder, `[host]\nip=127.0.0.1\nport=${await freePort()}\n`);
  const env = { NOTIFY_SOCKET: `@${folder}`, WATCHDOG_USEC: "400000" };
  run(t, process.execPath, ["--require", busy, MAIN, "-c", path], env);
  await until(() => manager.messages.includes("WATCHDOG=1"), "a sign of life");
  writeFileSync(go, "");
  await until(() => existsSync(block), "the end of the block");
  const [begin, end] = JSON.parse(readFileSync(block, "utf8"));
  await until(() => manager.timed().some(({ atMs }) => atMs > end), "a further sign of life");
  const meanwhile = manager.timed().filter(({ atMs }) => atMs > begin && atMs < end);
  assert.ok(meanwhile.length <= 1, `${meanwhile.length} messages while it stood still`); // one was under way
});
