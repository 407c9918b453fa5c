import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { portAnswers } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { Client, Device } from "../support/net.js";
import { conbusYml, type ReverseProxy, ReverseProxyFolder } from "../support/reverse-proxy.js";
import { nobody, noSecondUser } from "../support/second-user.js";
import { pause, quietFor, until } from "../support/wait.js";

const TELEGRAM = "<S0000000000F01D00FA>";
let one: Device;
let two: Device;
before(async () => {
  one = await Device.open();
  two = await Device.open();
});
after(() => {
  one.close();
  two.close();
});

/** Connects a client and passes a telegram; the device it reaches. */
async function clientOf(port: number): Promise<{ client: Client; device: Device; remote: Client }> {
  const counts = [one.clients.length, two.clients.length];
  const client = await Client.open(port);
  client.write(TELEGRAM);
  await until(() => one.clients.length + two.clients.length > (counts[0] ?? 0) + (counts[1] ?? 0), "a server");
  const device = one.clients.length > (counts[0] ?? 0) ? one : two;
  const remote = device.clients.at(-1) as Client;
  assert.equal(await remote.take(TELEGRAM.length), TELEGRAM);
  return { client, device, remote };
}

/** A folder whose `cli.yml` names device one, a port, and a reverse proxy on it. */
async function begin(...args: string[]): Promise<{ folder: ReverseProxyFolder; port: number; proxy: ReverseProxy }> {
  const folder = new ReverseProxyFolder();
  folder.serveFrom(one.port);
  const port = await freePort();
  return { folder, port, proxy: await folder.start(port, args) };
}

function statusOf(out: string): Record<string, unknown> & { connections: Record<string, Record<string, unknown>> } {
  return JSON.parse(out);
}

const notRunning = (port: number): object => ({
  running: false,
  listen_port: port,
  target_ip: null,
  target_port: null,
  active_connections: 0,
  connections: {},
});

test("start, status, stop", async () => {
  const { folder, port, proxy } = await begin();
  const args = ["--port", String(port)];
  const { client, remote } = await clientOf(port);
  remote.write("<R>");
  await client.take(3);
  const ran = await folder.run("status", ...args);
  assert.equal(ran.status, 0, ran.err);
  const { connections, ...rest } = statusOf(ran.out);
  assert.deepEqual(rest, {
    running: true,
    listen_port: port,
    target_ip: "127.0.0.1",
    target_port: one.port,
    active_connections: 1,
  });
  const [[id, connection] = ["", {}], ...others] = Object.entries(connections);
  assert.equal(others.length, 0);
  assert.match(id, /^[0-9a-f]+$/);
  const { connected_at, ...told } = connection;
  assert.deepEqual(told, {
    client_address: `127.0.0.1:${client.socket.localPort}`,
    bytes_relayed: TELEGRAM.length + 3,
  });
  assert.match(String(connected_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
  assert.ok(Math.abs(Date.parse(String(connected_at)) - Date.now()) < 10_000);

  const stopped = await folder.run("stop", ...args);
  assert.deepEqual(stopped, { status: 0, out: "stopped\n", err: "" });
  await until(() => proxy.child.exitCode !== null, "the end of the process");
  assert.equal(proxy.child.exitCode, 0);
  assert.equal(await client.rest(), "");
  assert.deepEqual(await folder.run("stop", ...args), {
    status: 3,
    out: "",
    err: `sockproxyd: not running on port ${port}\n`,
  });
  const gone = await folder.run("status", ...args);
  assert.equal(gone.status, 3);
  assert.deepEqual(statusOf(gone.out), notRunning(port));
  assert.ok(!existsSync(folder.socketOf(port)));
});

test("what it logs has the time of day and the level, and nothing of single connections", async () => {
  const { port, proxy } = await begin();
  const { client } = await clientOf(port);
  client.end();
  await client.rest();
  await Client.open(port).then((other) => other.reset());
  assert.equal(await proxy.end("SIGINT"), 0);
  for (const line of proxy.log.trimEnd().split("\n")) {
    assert.match(line, /^\d\d:\d\d:\d\d,\d{3} \[(INFO|WARN|ERROR)\] /);
    assert.doesNotMatch(line, /opened|connected|closed/);
  }
  assert.match(proxy.log, new RegExp(`listening on \\*:${port} \\(direct for 127\\.0\\.0\\.1:${one.port}\\)`));
});

test("two on two ports, each with its own status and stop", async () => {
  const { folder, port, proxy } = await begin();
  const second = await freePort();
  writeFileSync(`${folder.path}/second.yml`, conbusYml(two.port));
  const other = await folder.start(second, ["--config", "second.yml"]);
  const targets = await Promise.all(
    [port, second].map(async (at) => statusOf((await folder.control("status", at)).out)["target_port"]),
  );
  assert.deepEqual(targets, [one.port, two.port]);
  assert.equal((await folder.control("stop", port)).status, 0);
  assert.equal((await folder.control("status", second)).status, 0);
  await until(() => proxy.child.exitCode === 0, "the first to end");
  assert.equal(await other.end(), 0);
});

test("killed: status 3, stop 3, and it can be started again", async () => {
  const { folder, port, proxy } = await begin();
  await proxy.end("SIGKILL");
  assert.ok(existsSync(folder.socketOf(port)), "the socket is left");
  assert.equal((await folder.control("status", port)).status, 3);
  assert.equal((await folder.control("stop", port)).status, 3);
  const again = await folder.start(port);
  assert.equal((await folder.control("status", port)).status, 0);
  assert.equal(await again.end(), 0);
});

test("a second one on the same port: status 1, and the first goes on", async () => {
  const { folder, port, proxy } = await begin();
  assert.deepEqual(await folder.run("start", "--port", String(port)), {
    status: 1,
    out: "",
    err: `sockproxyd: already running on port ${port}\n`,
  });
  const elsewhere = new ReverseProxyFolder(); // with sockets of its own: here the port alone is in the way
  elsewhere.serveFrom(one.port);
  const ran = await elsewhere.run("start", "--port", String(port));
  assert.equal(ran.status, 1);
  assert.match(ran.err, new RegExp(`^[\\d:,]+ \\[ERROR\\] cannot listen on \\*:${port}: already in use\n$`));
  assert.equal((await folder.control("status", port)).status, 0);
  assert.equal(await proxy.end(), 0);
});

test("a port that another program has: status 1, and no socket is made", async () => {
  const folder = new ReverseProxyFolder();
  folder.serveFrom(two.port);
  const ran = await folder.run("start", "--port", String(one.port));
  assert.equal(ran.status, 1);
  assert.match(ran.err, /already in use/);
  assert.ok(!existsSync(folder.socketOf(one.port)));
});

test("the folder of the sockets belongs to its user alone", async () => {
  const { folder, port, proxy } = await begin();
  assert.equal(statSync(folder.sockets).mode & 0o777, 0o700);
  assert.ok(lstatSync(folder.socketOf(port)).isSocket());
  assert.equal(await proxy.end(), 0);
});

const attacks: [string, (folder: ReverseProxyFolder, port: number) => void, RegExp][] = [
  [
    "a symbolic link to another folder",
    ({ path, sockets }) => {
      mkdirSync(`${path}/elsewhere`, { mode: 0o700 });
      symlinkSync(`${path}/elsewhere`, sockets);
    },
    /sockproxyd is a symbolic link/,
  ],
  [
    "a folder that others can enter",
    ({ sockets }) => mkdirSync(sockets, { mode: 0o755 }),
    /open to other users \(mode 755/,
  ],
  ["a file", ({ sockets }) => writeFileSync(sockets, ""), /sockproxyd is not a folder/],
  [
    "something else under the socket's name",
    ({ sockets }, port) => {
      mkdirSync(sockets, { mode: 0o700 });
      writeFileSync(`${sockets}/reverse-proxy-${port}.sock`, "precious");
    },
    /something else is there/,
  ],
];
for (const [what, prepare, message] of attacks) {
  test(`in place of the folder ${what}: refused`, async () => {
    const folder = new ReverseProxyFolder();
    folder.serveFrom(one.port);
    const port = await freePort();
    prepare(folder, port);
    const ran = await folder.run("start", "--port", String(port));
    assert.equal(ran.status, 1);
    assert.match(ran.err, message);
    await assert.rejects(Client.open(port));
  });
}

test("a folder open to others is not used: any user could answer there", async () => {
  const folder = new ReverseProxyFolder();
  mkdirSync(folder.sockets, { mode: 0o755 });
  const server = createServer((socket) => socket.end("OK\n{}\nOK STOP\n")).listen(folder.socketOf(10001));
  await pause(50);
  for (const command of ["status", "stop"]) {
    const ran = await folder.run(command);
    assert.equal(ran.status, 1);
    assert.match(ran.err, /open to other users/);
  }
  server.close();
});

test("a folder of another user at another place is left alone", async () => {
  const folder = new ReverseProxyFolder();
  folder.env = { XDG_RUNTIME_DIR: folder.path, TMPDIR: folder.path };
  mkdirSync(`${folder.path}/sockproxyd-${process.geteuid?.()}`, { mode: 0o755 });
  assert.equal((await folder.run("status")).status, 3);
});

test("a user whose folder in /tmp belongs to another user: the proxy starts and is found", {
  skip: noSecondUser(),
}, async () => {
  const folder = new ReverseProxyFolder();
  folder.serveFrom(one.port);
  const port = await freePort();
  const home = `${folder.path}/home`;
  const { uid, gid } = nobody ?? { uid: -1, gid: -1 };
  mkdirSync(home);
  chmodSync(folder.path, 0o755);
  chownSync(home, uid, gid);
  mkdirSync(`${folder.path}/sockproxyd-${uid}`, { mode: 0o700 });
  folder.env = { XDG_RUNTIME_DIR: "", HOME: home, TMPDIR: folder.path };
  folder.user = { uid, gid };
  const proxy = await folder.start(port);
  assert.equal(statSync(`${home}/.local/state/sockproxyd`).mode & 0o777, 0o700);
  folder.env = { ...folder.env, XDG_RUNTIME_DIR: `/run/user/${uid}` };
  assert.equal((await folder.run("status", "--port", String(port))).status, 0);
  assert.equal((await folder.run("stop", "--port", String(port))).status, 0);
  assert.equal(await proxy.end(), 0);
});

test("a path too long for a socket is reported", async () => {
  const folder = new ReverseProxyFolder();
  folder.serveFrom(one.port);
  const deep = `${folder.path}/${"x".repeat(80)}`;
  mkdirSync(deep);
  folder.env = { XDG_RUNTIME_DIR: deep };
  const ran = await folder.run("start", "--port", String(await freePort()));
  assert.equal(ran.status, 1);
  assert.match(ran.err, /107 are the most/);
  assert.equal((await folder.run("status", "--port", String(await freePort()))).status, 3);
});

test("one that does not answer: status 1 after 5 s", async () => {
  const { folder, port, proxy } = await begin();
  proxy.child.kill("SIGSTOP");
  const ran = await folder.run("status", "--port", String(port));
  assert.equal(ran.status, 1);
  assert.match(ran.err, /no answer within 5 s/);
  proxy.child.kill("SIGCONT");
  assert.equal(await proxy.end(), 0);
});

test("started without XDG_RUNTIME_DIR, found from a shell that has it", async () => {
  const folder = new ReverseProxyFolder();
  folder.serveFrom(one.port);
  const port = await freePort();
  folder.env = { XDG_RUNTIME_DIR: "", TMPDIR: folder.path, HOME: folder.path };
  const proxy = await folder.start(port);
  folder.env = { ...folder.env, XDG_RUNTIME_DIR: folder.path };
  assert.equal((await folder.run("status", "--port", String(port))).status, 0);
  assert.equal((await folder.run("stop", "--port", String(port))).status, 0);
  assert.equal(await proxy.end(), 0);
});

test("wrong files and options end the start with status 2", async () => {
  const folder = new ReverseProxyFolder();
  const args = ["start", "--port", String(await freePort())];
  for (const [text, message] of [
    ["conbus: [\n", /^sockproxyd: cli\.yml:2:1: [^\n]+\n$/],
    ["conbus:\n  port: 0\n", /^sockproxyd: cli\.yml: conbus\.port: 0: /],
    [conbusYml(Number(args[2])), /^sockproxyd: cli\.yml: \[direct\] \d+: 127\.0\.0\.1:\d+ leads back to itself\n$/],
  ] as const) {
    writeFileSync(folder.cliYml, text);
    const ran = await folder.run(...args);
    assert.equal(ran.status, 2);
    assert.match(ran.err, message);
  }
  rmSync(folder.cliYml);
  mkdirSync(folder.cliYml);
  const ran = await folder.run(...args);
  assert.deepEqual([ran.status, ran.err], [2, "sockproxyd: cli.yml is not a file\n"]);
  const unknown = await folder.run(...args, "NOPE=1");
  assert.deepEqual([unknown.status, /unknown option "NOPE"/.test(unknown.err)], [2, true]);
  const help = await folder.run("--help");
  assert.deepEqual([help.status, help.out.startsWith("Usage: sockproxyd reverse-proxy start")], [0, true]);
});

test("without a file: the defaults of the original, and a warning", async () => {
  const folder = new ReverseProxyFolder();
  const port = await freePort();
  const proxy = await folder.start(port);
  await proxy.logs(/\[WARN\] cli\.yml: no such file; conbus\.ip 10\.0\.3\.162, /);
  const { target_ip, target_port } = statusOf((await folder.control("status", port)).out);
  assert.deepEqual([target_ip, target_port], ["10.0.3.162", 10001]);
  folder.serveFrom(one.port); // it appears
  await proxy.logs(new RegExp(`new connections go to 127\\.0\\.0\\.1:${one.port}`));
  assert.equal((await clientOf(port)).device, one);
  assert.equal(await proxy.end(), 0);
});

test("cli.yml is read again after a write, a rename, and a removal; connections live on", async () => {
  const { folder, port, proxy } = await begin();
  const old = await clientOf(port);
  folder.serveFrom(two.port);
  await proxy.logs(new RegExp(`new connections go to 127\\.0\\.0\\.1:${two.port}$`));
  assert.equal((await clientOf(port)).device, two);

  writeFileSync(`${folder.path}/next.yml`, conbusYml(one.port));
  renameSync(`${folder.path}/next.yml`, folder.cliYml);
  await proxy.logs(new RegExp(`new connections go to 127\\.0\\.0\\.1:${one.port}$`));
  assert.equal((await clientOf(port)).device, one);

  rmSync(folder.cliYml);
  await proxy.logs(/new connections go to 10\.0\.3\.162:10001$/);
  folder.serveFrom(two.port);
  await proxy.logs(new RegExp(`new connections go to 127\\.0\\.0\\.1:${two.port}$`), 2);
  assert.equal((await clientOf(port)).device, two);

  old.client.write("<S>");
  assert.equal(await old.remote.take(3), "<S>");
  assert.equal(await proxy.end(), 0);
});

test("a wrong file changes nothing and is reported once; the next correct one is used", async () => {
  const { folder, port, proxy } = await begin();
  writeFileSync(folder.cliYml, "conbus: [\n");
  await proxy.logs(/\[ERROR\] configuration not taken \(cli\.yml changed\), nothing has changed: cli\.yml:2:1: /);
  writeFileSync(folder.cliYml, "conbus: [\n"); // touched
  await quietFor(1500);
  assert.equal(proxy.log.split("[ERROR]").length, 2);
  assert.equal((await clientOf(port)).device, one);
  folder.serveFrom(two.port);
  await proxy.logs(new RegExp(`new connections go to 127\\.0\\.0\\.1:${two.port}$`));
  assert.equal(await proxy.end(), 0);
});

test("a file that is written bit by bit is used when it is complete", async () => {
  const { folder, port, proxy } = await begin();
  const text = conbusYml(two.port);
  for (let size = 0; size <= text.length; size += 4) {
    writeFileSync(folder.cliYml, text.slice(0, size)); // emptied first, valid or not in between
    await pause(100);
  }
  folder.serveFrom(two.port);
  await proxy.logs(new RegExp(`new connections go to 127\\.0\\.0\\.1:${two.port}$`));
  assert.doesNotMatch(proxy.log, /10\.0\.3\.162|\[ERROR\]/);
  assert.equal((await clientOf(port)).device, two);
  assert.equal(await proxy.end(), 0);
});

test("SIGHUP and RELD read the file, too; a change they have taken is not taken again", async () => {
  const { folder, port, proxy } = await begin();
  folder.serveFrom(two.port);
  proxy.child.kill("SIGHUP");
  await proxy.logs(/configuration read again \(SIGHUP\)/);
  assert.equal((await clientOf(port)).device, two);
  await quietFor(1500);
  assert.doesNotMatch(proxy.log, /cli\.yml changed/);
  assert.equal(await tell(folder.socketOf(port), "RELD\n"), "OK RELD\n");
  assert.equal(await proxy.end(), 0);
});

/** Sends a line in setup mode on a control socket; returns all replies without the greeting. */
async function tell(path: string, text: string): Promise<string> {
  const client = new Client(connect({ path, allowHalfOpen: true }));
  client.socket.end(text);
  assert.match(await client.line(), /^OK TOGGLEDBITS-SOCKPROXY 1 /);
  const rest = await client.rest();
  client.destroy();
  return rest;
}

test("the control socket is setup mode as any: CONN works there, too", async () => {
  const { folder, port, proxy } = await begin();
  const path = folder.socketOf(port);
  assert.match(await tell(path, "HELP\n"), /STAT \[JSON\]/);
  const client = new Client(connect({ path, allowHalfOpen: true }));
  await client.line();
  const index = two.clients.length;
  client.write(`CONN 127.0.0.1:${two.port}\n`);
  assert.match(await client.line(), /^OK CONN /);
  const remote = await two.client(index);
  client.write("up");
  assert.equal(await remote.take(2), "up");
  client.end();
  await remote.rest();
  remote.write("down");
  assert.equal(await client.take(4), "down"); // half open, as everywhere
  const { active_connections } = statusOf((await folder.control("status", port)).out);
  assert.equal(active_connections, 0);
  assert.equal(await proxy.end(), 0);
});

test("a client of the control socket that leaves before the greeting does no harm", async () => {
  const { folder, port, proxy } = await begin();
  for (let count = 0; count < 20; count += 1) connect({ path: folder.socketOf(port) }).destroy();
  await pause(100);
  assert.equal((await folder.control("status", port)).status, 0);
  assert.equal(await proxy.end(), 0);
  assert.doesNotMatch(proxy.log, /ERROR|fault/);
});

test("status and stop work while the proxy is full", async () => {
  const folder = new ReverseProxyFolder();
  folder.serveFrom(one.port);
  const port = await freePort();
  const proxy = await folder.start(port, [], ["prlimit", "--nofile=128:128"]);
  const clients: Client[] = [];
  while (!proxy.log.includes("rejected by")) {
    clients.push(await Client.open(port));
    await pause(10);
    assert.ok(clients.length < 128, "it has no limit");
  }
  const ran = await folder.control("status", port);
  assert.equal(ran.status, 0, ran.err);
  assert.ok(Number(statusOf(ran.out)["active_connections"]) > 5);
  assert.equal((await folder.control("stop", port)).status, 0);
  assert.equal(await proxy.end(), 0);
  for (const client of clients) client.destroy();
});

test("the process has ended when stop returns: the port is free at once", async () => {
  const { folder, port } = await begin();
  await clientOf(port);
  assert.equal((await folder.control("stop", port)).status, 0);
  const server = createServer().listen(port);
  await portAnswers(port);
  server.close();
});
