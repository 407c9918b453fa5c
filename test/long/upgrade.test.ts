// The daemon hands over to another process while clients and devices talk: nothing is lost, nothing comes twice, nobody sees a cut.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer as createHttp } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Certificates } from "../support/certificates.js";
import { CountedStream } from "../support/counted-stream.js";
import { MAIN } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { FakeLuup } from "../support/luup.js";
import { readPdu } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../support/modbus-device.js";
import { Client } from "../support/net.js";
import { after, Simulator } from "../support/simulator.js";
import { Upgradable } from "../support/upgradable.js";
import { until } from "../support/wait.js";

/** A device that talks on each connection. */
async function talkingDevice(t: TestContext, everyMs: number) {
  const port = await freePort();
  const streams: CountedStream[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    streams.push(new CountedStream(socket, everyMs)),
  );
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  t.after(() => {
    for (const { socket } of streams) socket.destroy();
    server.close();
  });
  return { port, streams };
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

/** A connection to a port of a tunnel, which opens a moment after the link shows. */
async function exposedTo(port: number): Promise<Socket> {
  let socket: Socket | undefined;
  await until(async () => {
    socket = await opened(port).catch(() => undefined);
    return socket !== undefined;
  }, `port ${port} of the tunnel`);
  return socket ?? assert.fail();
}

/** Ends all streams of one side, and waits until the other side has heard everything. */
async function settled(clients: readonly CountedStream[], devices: readonly CountedStream[]): Promise<void> {
  for (const stream of [...clients, ...devices]) stream.stop();
  const sum = (streams: readonly CountedStream[], what: "said" | "heard") =>
    streams.reduce((total, stream) => total + stream[what], 0);
  await until(
    () => sum(clients, "said") === sum(devices, "heard") && sum(devices, "said") === sum(clients, "heard"),
    "everything that was said",
  );
  for (const { wrong, isClosed } of [...clients, ...devices]) assert.deepEqual([wrong, isClosed], [undefined, false]);
}

/** The sockets of a process that a program which it starts would get: the flag O_CLOEXEC (open(2)) is missing. Standard streams apart. */
function inherited(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      const isSocket = Number(fd) > 2 && readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:");
      const [, flags = "0"] = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")) ?? [];
      return isSocket && (Number.parseInt(flags, 8) & 0o2000000) === 0;
    } catch {
      return false; // it was closed meanwhile
    }
  });
}

const STREAMS = 200;

test("streams go on through an upgrade, and through another one behind it: nothing is lost, nothing comes twice", async (t) => {
  const device = await talkingDevice(t, 50);
  const line = await freePort();
  const daemon = await Upgradable.start(t, `[direct]\n${line}=127.0.0.1:${device.port}\n`);
  const clients: CountedStream[] = [];
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
  for (let index = 0; index < STREAMS; index += 1) clients.push(new CountedStream(await opened(line), 50));
  await until(() => clients.every(({ heard }) => heard > 1), "all streams");
  const before = await daemon.status();
  for (const round of [1, 2]) {
    const reply = await daemon.upgrade();
    assert.match(
      reply,
      /: \d+ connections? moved, the longest pause was \d+ ms; (none stays|\d+ )/, // what a busy kernel has not settled in time moves next
      `upgrade ${round}`,
    );
    const heard = clients.map((client) => client.heard);
    await until(() => clients.every((client, index) => client.heard > (heard[index] ?? 0)), "all streams to go on");
    await until(() => daemon.running.length === 1, "the end of the old process");
  }
  const after = await daemon.status();
  assert.notEqual(after.pid, before.pid);
  assert.deepEqual(inherited(after.pid), [], "programs that it starts get none of its sockets");
  const openedAt = (status: typeof after) =>
    status.connections
      .filter(({ phase }: { phase: string }) => phase === "echo")
      .map(({ id, openedAt }: { id: string; openedAt: string }) => [id, openedAt]);
  assert.equal(openedAt(before).length, STREAMS);
  assert.deepEqual(openedAt(after).sort(), openedAt(before).sort());
  await settled(clients, device.streams);
  assert.equal(device.streams.length, STREAMS, "the device has seen no other connection");
  const [{ heard, said, socket } = assert.fail()] = clients;
  const { connections } = await daemon.status();
  const { received, sent } = connections.find(
    ({ clientPort }: { clientPort: number }) => clientPort === socket.localPort,
  );
  assert.deepEqual([received, sent], [4 * heard, 4 * said]);
  assert.doesNotMatch(daemon.log, / ERROR /);
});

test("a plugin is told what came before an upgrade and behind it, once, and hears once of the end", async (t) => {
  const luup = await new FakeLuup().start();
  t.after(() => luup.stop());
  const device = await talkingDevice(t, 1e6);
  const daemon = await Upgradable.start(t, `[host]\nvera=${luup.url}\n`);
  const client = await Client.open(daemon.port);
  t.after(() => client.destroy());
  await client.line();
  client.write(`CONN 127.0.0.1:${device.port} NTFY=7/urn:x/Got/p1 PACE=2\n`);
  assert.equal(await client.line(), "OK CONN p1");
  await until(() => device.streams.length === 1, "the device");
  const since = performance.now();
  device.streams[0]?.say();
  await luup.received("p1", 1);
  device.streams[0]?.say(); // the pace keeps it back, beyond the upgrade
  await client.take(8);
  await daemon.upgrade();
  await luup.received("p1", 2);
  const [, second] = luup.of("p1");
  assert.ok((second?.at ?? 0) - since > 1900, "the pace is kept"); // the first one may have been seen late
  device.streams[0]?.end();
  await client.rest();
  client.end();
  await luup.received("p1", 3);
  await until(() => daemon.running.length === 1, "the end of the old process");
  await until(async () => (await daemon.status()).connections.length === 1, "the end of the connection");
  assert.equal(luup.of("p1").length, 3);
});

test("a connection is parked behind an upgrade, and parked ones go through the next two: their plugins get everything once", async (t) => {
  const device = await talkingDevice(t, 1e6);
  const daemon = await Upgradable.start(t, "");
  const plugin = async (pid: string, bytes = 1_048_576) => {
    const client = await Client.open(daemon.port);
    t.after(() => client.destroy());
    await client.line();
    client.write(`CONN 127.0.0.1:${device.port} NTFY=7/urn:x/Got/${pid} PARK=600 PKBY=${bytes}\n`);
    return { client, reply: await client.line() };
  };
  const say = (index: number) => device.streams[index]?.say();
  const plugins = [await plugin("talks", 1), await plugin("ends"), await plugin("resets")];
  assert.deepEqual(
    plugins.map(({ reply }) => reply),
    ["OK CONN talks", "OK CONN ends", "OK CONN resets"],
  );
  await until(() => device.streams.length === 3, "the devices");
  say(0);
  await plugins[0]?.client.take(4);
  assert.match(await daemon.upgrade(), / 3 connections moved/);
  for (const { client } of plugins) client.destroy();
  const waiting = async () => (await daemon.status()).parking;
  await until(() => daemon.log.split("parked for").length === 4, "the parking");
  for (const index of [0, 1, 2]) say(index);
  await until(async () => (await waiting())?.bytes === 12, "what waits");
  device.streams[1]?.end();
  device.streams[2]?.socket.resetAndDestroy();
  for (const round of [1, 2]) {
    await until(() => daemon.running.length === 1, "the end of the old process");
    assert.match(await daemon.upgrade(), / 3 connections moved.*none stays/, `upgrade ${round}`);
  }
  say(0); // the first one keeps no more than it has: its device has to wait
  const back = [await plugin("talks"), await plugin("ends"), await plugin("resets")];
  const [talks] = back;
  assert.equal(await talks?.client.take(8), "\0\0\0\x01\0\0\0\x02");
  for (const { client, reply } of back.slice(1)) {
    assert.match(reply, / PARKED 4$/);
    assert.equal(await client.rest(), "\0\0\0\0");
  }
  talks?.client.write("\0\0\0\0");
  await until(() => device.streams[0]?.heard === 1, "the plugin's words at the device");
  assert.equal(device.streams.length, 3, "the device has seen no other connection");
});

test("a client that has sent FIN hears the rest of its device through an upgrade, and its end", async (t) => {
  const device = await talkingDevice(t, 20);
  const line = await freePort();
  const daemon = await Upgradable.start(t, `[direct]\n${line}=127.0.0.1:${device.port}\n`);
  const client = new CountedStream(await opened(line), 20);
  t.after(() => client.socket.destroy());
  await until(() => client.heard > 2 && client.said > 2, "both directions");
  client.end();
  const [other] = device.streams;
  await until(() => other?.hasEnded === true, "FIN at the device");
  const watcher = await Client.open(daemon.port);
  await watcher.line();
  watcher.write("WTCH\n");
  assert.match(await watcher.line(), /^OK WTCH/);
  assert.match(await daemon.upgrade(), / 1 connection moved/);
  await until(() => watcher.ended || watcher.closed, "the end of the watcher, which may watch the new process");
  watcher.destroy();
  const heard = client.heard;
  await until(() => client.heard > heard + 5, "the device after the upgrade");
  other?.end();
  await until(() => client.hasEnded, "FIN at the client");
  assert.deepEqual([client.heard, other?.heard, client.wrong], [other?.said, client.said, undefined]);
  await until(() => daemon.running.length === 1, "the end of the old process");
});

const BROKEN: readonly (readonly [string, (daemon: Upgradable) => void, RegExp])[] = [
  [
    "that is no program",
    ({ program }) => writeFileSync(program, "this is no program\n"),
    /^ERR UPGR the new version does not start: SyntaxError: Unexpected identifier/,
  ],
  [
    "that does not take the configuration",
    ({ configuration }) => appendFileSync(configuration, "[direct]\nnonsense\n"),
    /^ERR UPGR the new version does not start: \/.*sockproxyd\.conf:4: \[direct\] nonsense: bad port/,
  ],
  [
    "that crashes when it serves",
    ({ program }) => prefix(program, 'if (process.env.SOCKPROXYD_UPGRADE) process.kill(process.pid, "SIGABRT");'),
    /^ERR UPGR the new version does not start: it has ended with SIGABRT$/,
  ],
  [
    "that hangs",
    ({ program }) => prefix(program, "if (process.env.SOCKPROXYD_UPGRADE) for (;;);"),
    /^ERR UPGR the new version does not start: it is not there after \d+ s$/,
  ],
];

/** Has a program begin with other words: it is in strict mode behind its first line. */
function prefix(program: string, words: string): void {
  const [first = "", ...lines] = readFileSync(MAIN, "utf8").split("\n");
  writeFileSync(program, [first, words, ...lines].join("\n"));
}

test("a new version that does not come up changes nothing, and the answer says why", async (t) => {
  const device = await talkingDevice(t, 20);
  const line = await freePort();
  const sections = `[direct]\n${line}=127.0.0.1:${device.port}\n`;
  const daemon = await Upgradable.start(t, sections);
  const client = new CountedStream(await opened(line), 20);
  t.after(() => client.socket.destroy());
  const { pid } = await daemon.status();
  for (const [what, spoil, expected] of BROKEN) {
    spoil(daemon);
    const attempts = (): number => daemon.log.split("starting the program").length;
    const before = attempts();
    const [reply, second] = await Promise.all([
      daemon.say("UPGR"),
      until(() => attempts() > before, "the attempt").then(() => daemon.say("UPGR")),
    ]);
    assert.match(reply, expected, what);
    if (what === "that hangs") assert.equal(second, "ERR UPGR an upgrade is under way"); // the others may be over by then
    copyFileSync(MAIN, daemon.program);
    writeFileSync(daemon.configuration, sections);
    assert.equal((await daemon.status()).pid, pid, what);
  }
  const other = new CountedStream(await opened(line), 20);
  t.after(() => other.socket.destroy());
  await until(() => other.heard > 2, "a client that comes later");
  await settled([client, other], device.streams);
});

test("clients of a shared device are answered through an upgrade, and the device never has two links", async (t) => {
  const device = await Simulator.open(modbusProtocol("modbus"), { answering: after(100) });
  t.after(() => device.stop());
  const line = await freePort();
  const daemon = await Upgradable.start(t, `[mux]\n${line}=127.0.0.1:${device.port} PROT=modbus\n`);
  let isOver = false;
  const clients = [1, 2, 3].map(async (unit) => {
    const client = await ModbusClient.connect(line);
    for (let round = 0; !isOver; round = (round + 1) % 100)
      assert.equal(await client.read(unit, round), registerValue(unit, round));
    client.destroy();
  });
  await until(() => device.requests.length > 3, "the first exchanges");
  assert.match(await daemon.upgrade(), / connections? moved/);
  await until(() => daemon.running.length === 1, "the end of the old process");
  const before = device.requests.length;
  await until(() => device.requests.length > before + 6, "exchanges of the new process");
  isOver = true;
  await Promise.all(clients);
  assert.deepEqual([device.mostLinks, device.refused], [1, 0]);
  assert.equal(device.links.length, 2, "one link of each process");
  const [shared] = (await daemon.status()).muxes;
  assert.equal(shared.port, line);
});

test("a line that is gone from the configuration is gone from the machine, a shared device's, too; its client ends where it is", async (t) => {
  const device = await talkingDevice(t, 20);
  const ports = [await freePort(), await freePort()];
  const sections = `[mux]\n${ports[0]}=127.0.0.1:9 PROT=modbus\n[direct]\n${ports[1]}=127.0.0.1:${device.port}\n`;
  const daemon = await Upgradable.start(t, sections);
  (await opened(ports[0] ?? 0)).destroy();
  const client = new CountedStream(await opened(ports[1] ?? 0), 20);
  t.after(() => client.socket.destroy());
  await until(() => client.heard > 2, "the stream");
  writeFileSync(daemon.configuration, "");
  assert.match(await daemon.upgrade(), /: 0 connections moved; 1 ends where it is, within 60 s \(1 declined\)/);
  await until(() => /ends here: nothing listens on \S+/.test(daemon.log), "the reason in the log");
  const { heard } = client;
  await until(() => client.heard > heard + 2, "the stream behind the upgrade");
  client.end();
  device.streams[0]?.end();
  await until(() => daemon.running.length === 1, "the end of the old process");
  for (const port of ports) await assert.rejects(opened(port), { code: "ECONNREFUSED" });
});

test("datagrams, a connection without a client, and a webhook go on in the new process", async (t) => {
  const device = await talkingDevice(t, 1e6);
  const told: string[] = [];
  const hook = createHttp((request, response) => {
    told.push(request.url ?? "");
    response.end();
  });
  const hookPort = await freePort();
  await new Promise<void>((resolve) => hook.listen(hookPort, "127.0.0.1", resolve));
  t.after(() => {
    hook.closeAllConnections();
    hook.close();
  });
  const echo = createSocket("udp4").on("message", (bytes, { port }) => echo.send(bytes, port, "127.0.0.1"));
  t.after(() => echo.close());
  echo.bind(0, "127.0.0.1");
  await once(echo, "listening");
  const [line, datagrams, standing] = [await freePort(), await freePort(), await freePort()];
  const daemon = await Upgradable.start(
    t,
    `[webhook hook]\nurl=http://127.0.0.1:${hookPort}/{event}
     [direct told]\nlisten=${line}\ntarget=127.0.0.1:${device.port}\nwebhook=hook\nmax-clients=1
     [direct echo]\nlisten=udp:127.0.0.1:${datagrams}\ntarget=127.0.0.1:${echo.address().port}\ntransport=udp
     [mqtt]\nurl=mqtt://127.0.0.1:9
     [direct kept]\nlisten=${standing}\ntarget=127.0.0.1:${device.port}\nmqtt=kept\ndial=always\n`,
  );
  const isKept = async () => (await daemon.status()).directs.at(-1).standing.connected;
  await until(isKept, "the connection without a client");
  assert.equal(await echoed(datagrams), "?");
  const kept = device.streams.length;
  const client = await opened(line);
  t.after(() => client.destroy());
  await until(() => told.includes("/connected"), "the first event");
  assert.match(await daemon.upgrade(), /: 1 connection moved/);
  assert.equal(await echoed(datagrams), "?");
  const surplus = await Client.open(line);
  assert.match(await surplus.rest(), /max-clients=1 allows/, "the client that has moved has kept its place");
  surplus.destroy();
  await until(isKept, "the connection without a client, of the new process");
  await until(
    () => device.streams.filter(({ isClosed, hasEnded }) => !isClosed && !hasEnded).length === kept + 1,
    "the end of that of the old one",
  );
  device.streams[kept]?.end();
  client.end();
  await until(() => told.includes("/closed"), "the last event");
  assert.deepEqual(
    told.filter((event) => event === "/connected" || event === "/closed"),
    ["/connected", "/closed"],
  );
});

test("a client in a tunnel keeps its link, and the device links to the new process behind it", async (t) => {
  const service = await talkingDevice(t, 20);
  const [links, exposed] = [await freePort(), await freePort()];
  const daemon = await Upgradable.start(
    t,
    `[tunnel hub]\nlisten=${links}\nexpose=127.0.0.1:${exposed} > 127.0.0.1:${service.port}\n`,
  );
  await Upgradable.start(t, `[device]\nserver=127.0.0.1:${links}\nallow=127.0.0.1:${service.port}\n`);
  const isLinked = async () => (await daemon.status()).tunnels[0]?.link !== undefined;
  await until(isLinked, "the link");
  const client = new CountedStream(await exposedTo(exposed), 20);
  t.after(() => client.socket.destroy());
  await until(() => client.heard > 2, "the service");
  assert.match(await daemon.upgrade(), /1 in a tunnel/);
  const heard = client.heard;
  await until(() => client.heard > heard + 5, "the service after the upgrade");
  await settled([client], service.streams);
  client.end();
  service.streams[0]?.end();
  await until(() => daemon.running.length === 1, "the end of the old process");
  await until(isLinked, "the link to the new process");
  const later = new CountedStream(await exposedTo(exposed), 20);
  t.after(() => later.socket.destroy());
  await until(() => later.heard > 2, "the service, by the new process");
});

test("whoever opens the log again, or stops the new process, does so in the old one, too: its last client is told of", async (t) => {
  const luup = await new FakeLuup().start();
  t.after(() => luup.stop());
  const device = await talkingDevice(t, 1e6);
  const line = await freePort();
  const stays = `${line}=127.0.0.1:${device.port} RATE=5 NTFY=7/urn:x/Got/p1`; // telegrams do not move
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = join(folder, "log");
  const daemon = await Upgradable.start(t, `[host]\nvera=${luup.url}\nlog=${log}\n[direct]\n${stays}\n`);
  const client = await Client.open(line);
  t.after(() => client.destroy());
  await until(() => device.streams.length === 1, "the device");
  assert.match(await daemon.upgrade(), / 1 ends where it is/);
  const { pid } = await daemon.status();
  renameSync(log, `${log}.1`);
  process.kill(pid, "SIGUSR1");
  const read = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await until(() => read().split("log opened again").length === 3, "both processes");
  process.kill(pid, "SIGTERM");
  await until(() => daemon.running.length === 0, "the end of both");
  assert.match(read(), /stopping: process \d+, which has taken over, is stopping/);
  assert.equal(luup.of("p1").length, 1);
});

test("TLS ends where it is, and so does the old process, behind the last of it", async (t) => {
  const files = new Certificates();
  t.after(() => files.remove());
  const { certificate, key } = files.make("localhost");
  const device = await talkingDevice(t, 20);
  const line = await freePort();
  const daemon = await Upgradable.start(
    t,
    `[tls own]\ncert=${certificate}\nkey=${key}\n[direct]\n${line}=127.0.0.1:${device.port} LTLS=own\n`,
  );
  const secured = async () => {
    const socket = connectTls({ port: line, host: "127.0.0.1", rejectUnauthorized: false });
    t.after(() => socket.destroy());
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    return new CountedStream(socket, 20);
  };
  const first = await secured();
  await until(() => first.heard > 2, "the first client");
  assert.match(await daemon.upgrade(), /: 0 connections moved; 1 ends where it is, within 60 s \(1 TLS\)/);
  const heard = first.heard;
  const second = await secured();
  await until(() => second.heard > 2 && first.heard > heard + 2, "both clients, each by its process");
  assert.equal(daemon.running.length, 2);
  await settled([first, second], device.streams);
  first.end();
  device.streams[0]?.end();
  await until(() => daemon.running.length === 1, "the end of the old process");
});

test("a new process that is killed while it takes over loses nothing that it has not taken, and the old one serves again", async (t) => {
  const device = await talkingDevice(t, 20);
  const line = await freePort();
  const [page, datagrams, standing] = [await freePort(), await freePort(), await freePort()];
  const shared = await Simulator.open(modbusProtocol("modbus"));
  t.after(() => shared.stop());
  const mux = await freePort();
  const daemon = await Upgradable.start(
    t,
    `[direct]\n${line}=127.0.0.1:${device.port}
     [mux]\n${mux}=127.0.0.1:${shared.port} PROT=modbus
     [web]\nport=${page}
     [direct echo]\nlisten=udp:127.0.0.1:${datagrams}\ntarget=127.0.0.1:${device.port}
     [mqtt]\nurl=mqtt://127.0.0.1:9
     [direct kept]\nlisten=${standing}\ntarget=127.0.0.1:${device.port}\nmqtt=kept\ndial=always\n`,
  );
  const clients: CountedStream[] = [];
  for (let index = 0; index < 30; index += 1) clients.push(new CountedStream(await opened(line), 20));
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
  await until(() => clients.every(({ heard }) => heard > 1), "all streams");
  const askers = await Promise.all(Array.from({ length: 8 }, () => ModbusClient.connect(mux)));
  t.after(() => {
    for (const asker of askers) asker.destroy();
  });
  const askAll = () => Promise.all(askers.map((asker, register) => asker.call(1, readPdu(register))));
  assert.ok(!(await askAll()).includes("closed"));
  const { pid } = await daemon.status();
  prefix(daemon.program, DIES);
  assert.match(
    await daemon.say("UPGR"),
    /^ERR UPGR the new process has gone while it took over: this one serves again$/,
  );
  assert.equal((await daemon.status()).pid, pid);
  const taken = clients.filter(({ isClosed, hasEnded }) => isClosed || hasEnded).length;
  assert.ok(taken <= 5, `${taken} were lost with it`);
  const rest = clients.filter(({ isClosed, hasEnded }) => !isClosed && !hasEnded);
  const heard = rest.map((client) => client.heard);
  await until(() => rest.every((client, index) => client.heard > (heard[index] ?? 0) + 2), "the others");
  for (const { wrong } of rest) assert.equal(wrong, undefined);
  const lost = (await askAll()).filter((outcome) => outcome === "closed").length;
  assert.ok(taken + lost <= 5, `${taken} and ${lost} were lost with it`);
  const later = new CountedStream(await opened(line), 20);
  t.after(() => later.socket.destroy());
  await until(() => later.heard > 2, "a client that comes later");
  await until(async () => {
    const { listeners, directs, mqtt } = await daemon.status();
    const areOpen = listeners.every(({ problem }: { problem?: string }) => problem === undefined);
    return areOpen && mqtt !== undefined && directs.at(-1).standing.connected;
  }, "all ports, the broker's link, and the connection without a client");
  assert.equal((await fetch(`http://127.0.0.1:${page}/`)).status, 200);
  assert.notEqual(await echoed(datagrams), "");
});

/** The first datagram of a port, in answer to one. */
async function echoed(port: number): Promise<string> {
  const socket = createSocket("udp4");
  const answer = once(socket, "message");
  socket.send("?", port, "127.0.0.1");
  const [bytes] = await answer;
  socket.close();
  return String(bytes);
}

/** A program that ends when it is given the socket of the sixth client. */
const DIES = `if (process.env.SOCKPROXYD_UPGRADE) {
  const { on } = process;
  let sessions = 0;
  const count = ({ kind }) => kind === "session" && ++sessions > 5 && process.kill(process.pid, "SIGKILL");
  process.on = function (name, listener) {
    if (name === "message" && listener !== count) on.call(this, name, count);
    return on.call(this, name, listener);
  };
}`;
