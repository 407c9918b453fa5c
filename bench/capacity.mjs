// What one daemon carries, for docs/scaling.md: links of hubs, shared devices, clients behind a proxy, events. Prints a line for each figure.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect as connectTls } from "node:tls";
import { parseArgs } from "node:util";
import { cpuSeconds, residentBytes } from "./cpu.mjs";
import { chooseCores, machine } from "./machine.mjs";
import { freePorts, listening } from "./ports.mjs";
import { folder, start } from "./processes.mjs";
import { sockproxyd, startProxy } from "./proxies.mjs";
import { pause, until } from "./wait.mjs";

const SETTLE_MS = 3000;
const MINUTE_MS = 60_000;
const LINK_LIMIT_MS = 120_000;

const { values } = parseArgs({
  options: { hubs: { type: "string" }, seconds: { type: "string" }, only: { type: "string" } },
});
const hubs = Number(values.hubs ?? 1000);
const seconds = Number(values.seconds ?? 10);
const cores = chooseCores((text) => process.stderr.write(`bench: ${text}\n`));

function say(what, value, unit) {
  console.log(`${what.padEnd(62)}${Number(value.toPrecision(3)).toString().padStart(10)} ${unit}`);
}

/** One of many addresses of the loopback network: so many lines have one port. */
function address(index) {
  return `127.9.${index >> 8}.${index & 255}`;
}

/** Asks a daemon for STAT JSON. */
async function statusOf({ port }) {
  const socket = connect(port, "127.0.0.1");
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  await lines.next();
  socket.write("STAT JSON\n");
  const { value } = await lines.next();
  socket.destroy();
  return JSON.parse(value);
}

/** Asks for the time it takes to answer `BILD`, again and again. Ends with the longest, in milliseconds. */
async function longestWait({ port }, isOver) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  await lines.next();
  let longest = 0;
  while (!isOver()) {
    const asked = performance.now();
    socket.write("BILD\n");
    await lines.next();
    longest = Math.max(longest, performance.now() - asked);
    await pause(1);
  }
  socket.destroy();
  return longest;
}

/** A server on a free port. */
async function serve(port, onSocket) {
  const server = createServer({ noDelay: true }, (socket) => onSocket(socket.on("error", () => {})));
  server.listen(port, "127.0.0.1", 4096);
  await once(server, "listening");
  return server;
}

function certificate() {
  const files = { cert: join(folder, "own.pem"), key: join(folder, "own.key") };
  spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", files.key, "-out", files.cert],
  ]);
  return files;
}

/** Most devices of one line of `[tunnel]`. */
const PER_LINE = 64;
const STATUS_REPLIES = 20;

/** Hubs with a line and a port each: both sides of the configuration. */
async function plainHubs(count) {
  const ports = await freePorts(count);
  return {
    server: ports.flatMap((port, index) => [
      ...[`[tunnel h${index}]`, `listen=${port}`, `expose=${address(index)}:8000 > 127.0.0.1:9`],
    ]),
    device: ports.flatMap((port, index) => [`[device h${index}]`, `server=127.0.0.1:${port}`, "allow=127.0.0.1:9"]),
  };
}

/** Hubs by name and secret, over TLS, 64 of them on a port. */
async function securedHubs(count) {
  const { cert, key } = certificate();
  const ports = await freePorts(Math.ceil(count / PER_LINE));
  const of = (line) =>
    Array.from({ length: Math.min(PER_LINE, count - line * PER_LINE) }, (_, at) => line * PER_LINE + at);
  return {
    server: ports.flatMap((port, line) => [
      ...[`[tunnel t${line}]`, `listen=${port}`, "tls=true", `certificate=${cert}`, `private-key=${key}`],
      ...of(line).flatMap((hub) => [`device=h${hub}:sesame`, `expose=h${hub} ${address(hub)}:8000 > 127.0.0.1:9`]),
    ]),
    device: ports.flatMap((port, line) =>
      of(line).flatMap((hub) => [
        ...[`[device h${hub}]`, `server=127.0.0.1:${port}`, `name=h${hub}`, "allow=127.0.0.1:9"],
        ...["tls=true", `ca=${cert}`, "secret=sesame"],
      ]),
    ),
  };
}

/** Links of hubs that do nothing but answer: memory of the server, and CPU for the signs of life. */
async function measureHubs(name, count, { server: lines, device: sections }) {
  const server = await startProxy(sockproxyd, [], cores, { sections: () => lines });
  await pause(SETTLE_MS);
  const before = residentBytes(server.pid);
  const beside = cores && { ...cores, proxy: cores.load };
  const device = await startProxy(sockproxyd, [], beside, { sections: () => sections });
  const linkedAll = async () => {
    const { tunnels } = await statusOf(server);
    return tunnels.every(({ listening, devices = [] }) => listening && devices.every((one) => one.listening));
  };
  await until(linkedAll, "links", LINK_LIMIT_MS);
  await pause(SETTLE_MS);
  say(`${name}: memory of a link`, (residentBytes(server.pid) - before) / count / 1000, "kB");
  const cpu = cpuSeconds(server.pid);
  await pause(MINUTE_MS);
  say(`${name}: CPU of ${count} idle links`, ((cpuSeconds(server.pid) - cpu) / MINUTE_MS) * 100_000, "% of a core");
  const beforeStatus = cpuSeconds(server.pid);
  for (let asked = 0; asked < STATUS_REPLIES; asked += 1) await statusOf(server);
  const each = (cpuSeconds(server.pid) - beforeStatus) / STATUS_REPLIES;
  say(`${name}: CPU for the status of ${count}`, each * 1000, "ms");
  let isOver = false;
  const waited = longestWait(server, () => isOver);
  for (let asked = 0; asked < STATUS_REPLIES; asked += 1) await statusOf(server);
  isOver = true;
  say(`${name}: longest wait of a client for an answer meanwhile`, await waited, "ms");
  await device.stop();
  await server.stop();
}

const REQUEST = Buffer.from("000100000006010300000001", "hex");
const ANSWER = Buffer.from("00000005010302002a", "hex"); // behind the id of the request

/** Shared devices with a link and a client each, which asks once. */
async function measureDevices(count) {
  const [port] = await freePorts(1);
  const device = await serve(port, (socket) =>
    socket.on("data", (request) => socket.write(Buffer.concat([request.subarray(0, 2), ANSWER]))),
  );
  const ports = await freePorts(count);
  const proxy = await startProxy(sockproxyd, [], cores, {
    sections: () =>
      ports.flatMap((front, index) => [
        ...[`[mux m${index}]`, `listen=${front}`, `target=127.0.0.1:${port}`, "protocol=modbus"],
      ]),
  });
  await pause(SETTLE_MS);
  const before = residentBytes(proxy.pid);
  const clients = [];
  for (const front of ports) {
    const client = connect(front, "127.0.0.1");
    clients.push(client);
    client.write(REQUEST);
    await once(client, "data");
  }
  await pause(SETTLE_MS);
  say("shared device with its link and a client: memory", (residentBytes(proxy.pid) - before) / count / 1000, "kB");
  for (const client of clients) client.destroy();
  await proxy.stop();
  device.close();
}

/** Clients that connect, get an echo, and end; with a header of a proxy, and without. */
async function measureConnections(name, option, header, secure) {
  const [back] = await freePorts(1);
  const echo = await serve(back, (socket) => socket.pipe(socket));
  const proxy = await startProxy(sockproxyd, [back], cores, { options: [option] });
  let count = 0;
  const one = async () => {
    const port = proxy.fronts[0];
    const client = secure === undefined ? connect(port, "127.0.0.1") : connectTls({ port, ...secure });
    client.write(`${header}hello`);
    await once(client, "data");
    client.end();
    await once(client, "close");
    count += 1;
  };
  const many = async (ms) => {
    const until = performance.now() + ms;
    const worker = async () => {
      while (performance.now() < until) await one();
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  };
  await many(seconds * 1000); // for V8 to compile what runs often
  count = 0;
  const before = cpuSeconds(proxy.pid);
  await many(seconds * 1000);
  say(`connection ${name}: CPU`, ((cpuSeconds(proxy.pid) - before) / count) * 1e6, "µs");
  await proxy.stop();
  echo.close();
}

const STREAMS = 500;
const EVERY_MS = 110; // an event of a connection is told every 100 ms at most

/** Devices that say something all the time: what their events cost at the broker, above the messages themselves. */
async function measureEvents() {
  const [back, brokerPort] = await freePorts(2);
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `listener ${brokerPort} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n`);
  const broker = start("mosquitto", ["-c", config], cores?.load, ["ignore", "ignore", "ignore"]);
  await listening(brokerPort, () => (broker.exitCode === null ? undefined : "mosquitto has ended"));
  const streams = new Set();
  const device = await serve(back, (socket) => streams.add(socket.on("close", () => streams.delete(socket))));
  const costs = [];
  for (const mqtt of ["", "mqtt=events"]) {
    const sections = ([{ front }]) => [
      ...(mqtt === "" ? [] : ["[mqtt]", `url=mqtt://127.0.0.1:${brokerPort}`]),
      ...["[direct d]", `listen=${front}`, `target=127.0.0.1:${back}`, mqtt],
    ];
    const proxy = await startProxy(sockproxyd, [back], cores, { sections });
    const clients = Array.from({ length: STREAMS }, () => connect(proxy.fronts[0], "127.0.0.1").resume());
    await until(() => streams.size === STREAMS, "streams");
    let sent = 0;
    const timer = setInterval(() => {
      for (const stream of streams) stream.write("m".repeat(64));
      sent += streams.size;
    }, EVERY_MS);
    await pause(seconds * 1000);
    sent = 0;
    const before = cpuSeconds(proxy.pid);
    await pause(seconds * 1000);
    costs.push(((cpuSeconds(proxy.pid) - before) / sent) * 1e6);
    if (mqtt !== "") say("events of the measure", sent / seconds, "a second");
    clearInterval(timer);
    for (const client of clients) client.destroy();
    await proxy.stop();
  }
  say("message of a device: CPU", costs[0], "µs");
  say("event of a message at an MQTT broker: CPU, besides", costs[1] - costs[0], "µs");
  device.close();
}

const here = machine();
console.log(`${here.cpu}, ${here.cores} cores, Linux ${here.kernel}, Node ${here.node}; ${sockproxyd.version()}`);
/** @type {Record<string, () => Promise<void>>} by the words of --only */
const MEASURES = {
  hubs: async () => measureHubs("hub", hubs, await plainHubs(hubs)),
  "secured-hubs": async () => measureHubs("hub with TLS and a secret", hubs, await securedHubs(hubs)),
  devices: () => measureDevices(hubs),
  connections: async () => {
    const { cert, key } = certificate();
    await measureConnections("", "", "");
    const header = "PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\n";
    await measureConnections("behind a proxy (v1)", "proxy-protocol=127.0.0.0/8", header);
    const identity = `listen-tls=own\n[tls own]\ncert=${cert}\nkey=${key}`;
    await measureConnections("over TLS", identity, "", { host: "127.0.0.1", rejectUnauthorized: false });
  },
  events: measureEvents,
};
for (const [name, measure] of Object.entries(MEASURES)) {
  if (values.only === undefined || values.only === name) await measure();
}
process.exit(0);
