// Sections with a name of their own, addresses on lines, and a daemon without a proxy port, with real peers
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { portAnswers, type RunningDaemon, startDaemon, startDaemonUnder } from "../../support/daemon.js";
import { readExposition } from "../../support/exposition.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, greet, reload } from "../../support/net.js";
import { CONNECT, connectTarget, ScriptedDevice } from "../../support/tunnel.js";
import { until } from "../../support/wait.js";
import { ask } from "../../support/web.js";

interface LineDevice {
  readonly port: number;
  /** Connections so far. */
  links: number;
}

/** A device whose messages are lines, and that answers each with `got <line>`. */
async function lineDevice(t: TestContext): Promise<LineDevice> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    device.links += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => socket.write(`got ${line}\n`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const device = { port: (server.address() as AddressInfo).port, links: 0 };
  return device;
}

async function answer(port: number, question: string, host?: string): Promise<string> {
  const client = await Client.open(port, host);
  client.write(`${question}\n`);
  const line = await client.line();
  client.destroy();
  return line;
}

async function stat(daemon: RunningDaemon, command: string): Promise<string> {
  const { client } = await greet(daemon.port);
  client.write(`${command}\nQUIT\n`);
  return (await client.rest()).replace(/OK QUIT\n$/, "");
}

test("a named mux shares one device on two ports; its name is in STAT, the log, the metrics and the status of the page", async (t) => {
  const device = await lineDevice(t);
  const [one, two, web] = [await freePort(), await freePort(), await freePort()];
  const config = new ConfigFile(
    `[web]\nport=${web}\n[mux Hall inverter]\nlisten=${one}, 127.0.0.1:${two}\ntarget=127.0.0.1:${device.port}\n` +
      "protocol=echo\ntimeout=5s\nidle-timeout=1h\n",
  );
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  assert.equal(await answer(one, "first"), "got first");
  assert.equal(await answer(two, "second"), "got second");
  assert.equal(device.links, 1, "both ports have the same mux");

  const { muxes, listeners } = JSON.parse(await stat(daemon, "STAT JSON"));
  assert.deepEqual([muxes.length, muxes[0].name, muxes[0].port], [1, "Hall inverter", one]);
  assert.deepEqual(
    listeners.filter(({ kind }: { kind: string }) => kind === "mux").map(({ name }: { name: string }) => name),
    [`mux Hall inverter (port ${one})`, `mux Hall inverter (port ${two})`],
  );
  assert.match(await stat(daemon, "STAT"), new RegExp(`^ mux Hall inverter ${one} echo 127`, "m"));
  assert.match(daemon.log(), new RegExp(`opened on mux Hall inverter \\(port ${two}\\)`));
  assert.match(daemon.log(), new RegExp(`listening on \\S+:${two} \\(mux Hall inverter for 127`));
  assert.match(daemon.log(), new RegExp(`\\[mux Hall inverter ${one} > 127\\.0\\.0\\.1:${device.port}\\]`));
  const metrics = readExposition((await ask(web, "/metrics")).body);
  const labels = { port: String(one), name: "Hall inverter", target: `127.0.0.1:${device.port}` };
  assert.deepEqual(metrics.get("sockproxyd_mux_requests_total")?.series, [
    { name: "sockproxyd_mux_requests_total", labels, value: 2 },
  ]);
  const page = JSON.parse((await ask(web, "/status")).body);
  assert.equal(page.muxes[0].name, "Hall inverter");
});

test("a line without a name shows none", async (t) => {
  const device = await lineDevice(t);
  const port = await freePort();
  const config = new ConfigFile(`[mux]\n${port}=127.0.0.1:${device.port} protocol=echo\n`);
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  assert.equal(await answer(port, "x"), "got x");
  const { muxes } = JSON.parse(await stat(daemon, "STAT JSON"));
  assert.equal("name" in muxes[0], false);
  assert.match(await stat(daemon, "STAT"), new RegExp(`^ mux ${port} echo `, "m"));
  assert.match(daemon.log(), new RegExp(`opened on mux port ${port}\n`));
});

test("a named tunnel exposes two services", async (t) => {
  const [port, first, second] = [await freePort(), await freePort(), await freePort()];
  const config = new ConfigFile(
    `[tunnel plant]\nlisten=127.0.0.1:${port}\nexpose=127.0.0.1:${first} > 192.168.0.3:80\nexpose=127.0.0.1:${second}>plc:23\n`,
  );
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  const device = await ScriptedDevice.open(port);
  t.after(() => device.client.destroy());
  for (const [id, exposed, service] of [
    [1, first, "192.168.0.3:80"],
    [2, second, "plc:23"],
  ] as const) {
    await portAnswersLater(exposed, daemon);
    const client = await Client.open(exposed);
    t.after(() => client.destroy());
    const frame = await device.frame();
    assert.deepEqual([frame.command, connectTarget(frame.payload)], [CONNECT, service], `client ${id}`);
  }
  const { tunnels } = JSON.parse(await stat(daemon, "STAT JSON"));
  assert.deepEqual([tunnels[0].name, tunnels[0].port, tunnels[0].exposed.length], ["plant", port, 2]);
  assert.match(daemon.log(), /listening on 127\.0\.0\.1:\d+ \(expose plant for 192\.168\.0\.3:80\)/);
  assert.match(await stat(daemon, "STAT"), new RegExp(`^ tunnel plant ${port} 127`, "m"));
  assert.match(daemon.log(), new RegExp(`\\[tunnel plant ${port} < 127\\.0\\.0\\.1:\\d+\\]`));
});

/** Waits until the log says that the daemon listens there: who asks the port itself would be a client of the device. */
async function portAnswersLater(port: number, daemon: RunningDaemon): Promise<void> {
  await until(() => daemon.log().includes(`listening on 127.0.0.1:${port}`), `port ${port} to be exposed`);
}

test("a machine is the device of two servers", async (t) => {
  const [one, two] = [await Device.open(), await Device.open()];
  t.after(() => {
    one.close();
    two.close();
  });
  const sections = [one, two].map(({ port }, index) => `[device office ${index}]\nserver=127.0.0.1:${port}\n`);
  const config = new ConfigFile(sections.join(""));
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  const link = await one.client();
  const other = await two.client();
  const { devices } = JSON.parse(await stat(daemon, "STAT JSON"));
  assert.deepEqual(
    devices.map(({ name, server }: { name: string; server: string }) => [name, server]),
    [
      ["office 0", `127.0.0.1:${one.port}`],
      ["office 1", `127.0.0.1:${two.port}`],
    ],
  );
  config.write(sections[1] ?? "");
  assert.equal(await reload(daemon.port), "OK RELD");
  await until(() => link.ended || link.closed, "the link of the section that is gone to end");
  assert.equal(other.closed, false);
  assert.equal(two.clients.length, 1, "the other link stays");
});

test("with port=0 there is no proxy port, and the rest serves; a second port in use does not keep it from starting", async (t) => {
  const device = await lineDevice(t);
  const [port, web] = [await freePort(), await freePort()];
  const config = new ConfigFile(
    `[host]\nport=0\n[web]\nport=${web}\n[mux inverter]\nlisten=127.0.0.1:${port}\ntarget=127.0.0.1:${device.port}\nprotocol=echo\n` +
      `[direct taken]\nlisten=127.0.0.1:${device.port}\ntarget=10.0.0.1:1\n`,
  );
  const daemon = await startDaemonUnder([], ["-c", config.path], () => portAnswers(port));
  t.after(() => daemon.stop("SIGKILL"));
  assert.equal(await answer(port, "x"), "got x");
  await assert.rejects(Client.open(daemon.port), /ECONNREFUSED/);
  await until(() => / started$/m.test(daemon.log()), "the start");
  assert.match(daemon.log(), /cannot listen on .*already in use; /);
  const { listeners } = JSON.parse((await ask(web, "/status")).body);
  assert.deepEqual(
    listeners.map(({ kind }: { kind: string }) => kind),
    ["direct", "mux", "web"],
  );
});

test("a reload can close the proxy port, and open it again", async (t) => {
  const device = await lineDevice(t);
  const port = await freePort();
  const mux = `[mux inverter]\nlisten=${port}\ntarget=127.0.0.1:${device.port}\nprotocol=echo\n`;
  const config = new ConfigFile(mux);
  const daemon = await startDaemon("-c", config.path);
  t.after(() => daemon.stop("SIGKILL"));
  config.write(`[host]\nport=0\n${mux}`);
  assert.equal(await reload(daemon.port), "OK RELD");
  await assert.rejects(Client.open(daemon.port), /ECONNREFUSED/);
  assert.equal(await answer(port, "x"), "got x");
  config.write(mux);
  daemon.child.kill("SIGHUP");
  await portAnswers(daemon.port);
});

test("a line that names its address listens there only", async (t) => {
  const device = await lineDevice(t);
  const [port, elsewhere] = [await freePort("127.0.0.2"), await freePort("127.0.0.2")];
  const config = new ConfigFile(
    `[mux]\n127.0.0.2:${port}=127.0.0.1:${device.port} protocol=echo\n` +
      `[direct named]\nlisten=127.0.0.2:${elsewhere}\ntarget=127.0.0.1:${device.port}\n`,
  );
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  for (const number of [port, elsewhere]) {
    assert.equal(await answer(number, "x", "127.0.0.2"), "got x");
    await assert.rejects(Client.open(number, "127.0.0.1"), /ECONNREFUSED/);
  }
  config.write(`[mux]\n127.0.0.1:${port}=127.0.0.1:${device.port} protocol=echo\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  assert.equal(await answer(port, "y"), "got y");
  await assert.rejects(Client.open(port, "127.0.0.2"), /ECONNREFUSED/);
});

test("a reload that changes an option of a named mux keeps its link; a mistake changes nothing and is told by name", async (t) => {
  const device = await lineDevice(t);
  const [port, later] = [await freePort(), await freePort()];
  const mux = (more: string): string =>
    `[mux inverter]\nlisten=${port}${more}\ntarget=127.0.0.1:${device.port}\nprotocol=echo\n`;
  const config = new ConfigFile(mux(""));
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  const client = await Client.open(port);
  t.after(() => client.destroy());
  client.write("a\n");
  assert.equal(await client.line(), "got a");
  config.write(`${mux(`, ${later}`)}timeout=2s\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  client.write("b\n");
  assert.equal(await client.line(), "got b");
  assert.equal(await answer(later, "c"), "got c");
  assert.equal(device.links, 1, "the link stays");
  config.write(`${mux("")}tiemout=2s\n`);
  assert.match(
    await reload(daemon.port),
    /^ERR RELD .*:5: \[mux inverter\] tiemout: unknown key; did you mean timeout\?$/,
  );
  assert.equal(await answer(later, "d"), "got d");
});
