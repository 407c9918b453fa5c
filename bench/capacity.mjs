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
import { MAX_FILES, sockproxyd, startProxy } from "./proxies.mjs";
import { pause, until } from "./wait.mjs";

const SETTLE_MS = 3000;
const MINUTE_MS = 60_000;
const LINK_LIMIT_MS = 120_000;
const HUBS_AT_A_TIME = 500; // in a process
const LOOK_AGAIN_MS = 500; // a look at thousands of hubs takes the daemon a part of a second
/** Descriptors of a daemon for everything but hubs. */
const OTHER_FILES = 200;

const { values } = parseArgs({
  options: {
    hubs: { type: "string" },
    daemons: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
  },
});
const hubs = Number(values.hubs ?? 1000);
const daemons = Number(values.daemons ?? 1);
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

/** The hubs from `first` on, divided among lines of `each`. */
function divided(first, count, each) {
  const hubs = Array.from({ length: count }, (_, index) => first + index);
  return Array.from({ length: Math.ceil(count / each) }, (_, line) => hubs.slice(line * each, (line + 1) * each));
}

/**
 * @typedef {object} Sections the configuration of some hubs
 * @property {string[]} server
 * @property {string[][]} hubs for each of them the lines of a process that is the hub
 */

/** Hubs with a line and a port each: a daemon has a link and two listeners for each. @returns {Promise<Sections>} */
async function plainHubs(first, count) {
  const ports = await freePorts(count);
  return {
    server: ports.flatMap((port, index) => [
      ...[`[tunnel h${index}]`, `listen=${port}`, `expose=${address(first + index)}:8000 > 127.0.0.1:9`],
    ]),
    hubs: ports.map((port, index) => [`[device h${index}]`, `server=127.0.0.1:${port}`, "allow=127.0.0.1:9"]),
  };
}

/** Hubs by name and secret, over TLS, 64 of them on a line: a link and a listener for each. @returns {Promise<Sections>} */
async function securedHubs(first, count) {
  const { cert, key } = certificate();
  const lines = divided(first, count, PER_LINE);
  const ports = await freePorts(lines.length);
  return {
    server: lines.flatMap((some, line) => [
      ...[`[tunnel t${line}]`, `listen=${ports[line]}`, "tls=true", `certificate=${cert}`, `private-key=${key}`],
      ...some.flatMap((hub) => [`device=h${hub}:sesame`, `expose=h${hub} ${address(hub)}:8000 > 127.0.0.1:9`]),
    ]),
    hubs: lines.flatMap((some, line) =>
      some.map((hub) => [
        ...[`[device h${hub}]`, `server=127.0.0.1:${ports[line]}`, `name=h${hub}`, "allow=127.0.0.1:9"],
        ...["tls=true", `ca=${cert}`, "secret=sesame"],
      ]),
    ),
  };
}

/** How many hubs of a daemon have a link and an open port. */
async function linkedHubs(server) {
  const { tunnels } = await statusOf(server);
  const linked = ({ listening, devices = [{ listening }] }) => devices.filter((one) => one.listening).length;
  return tunnels.reduce((total, line) => total + linked(line), 0);
}

/**
 * Starts hubs, and waits until they are linked. Some come at a time: all of them have one address, of which a line takes eight TLS handshakes
 * at a time.
 */
async function link(server, hubs) {
  const processes = [];
  for (let at = 0; at < hubs.length; at += HUBS_AT_A_TIME) {
    const some = hubs.slice(at, at + HUBS_AT_A_TIME);
    const beside = cores && { ...cores, proxy: cores.load };
    processes.push(await startProxy(sockproxyd, [], beside, { sections: () => some.flat() }));
    const areLinked = async () => (await linkedHubs(server)) === at + some.length;
    await until(
      () => pause(LOOK_AGAIN_MS).then(areLinked),
      `links of hubs ${at} to ${at + some.length}`,
      LINK_LIMIT_MS,
    );
  }
  return processes;
}

/** Adds up what is measured of each daemon. */
function sum(servers, measure) {
  return servers.reduce((total, server) => total + measure(server), 0);
}

/**
 * Links of hubs that do nothing but answer: memory of the daemons, and CPU for the signs of life.
 *
 * @param {string} name
 * @param {typeof plainHubs} hubsOf
 * @param {number} filesPerHub descriptors that a daemon has open for one
 */
async function measureHubs(name, hubsOf, filesPerHub) {
  const each = Math.ceil(hubs / daemons);
  const most = Math.floor((MAX_FILES - OTHER_FILES) / filesPerHub);
  if (each > most)
    throw new Error(`a process may open ${MAX_FILES} files here: --daemons ${Math.ceil(hubs / most)}, at least`);
  const parts = [];
  for (const part of divided(0, hubs, each)) parts.push(await hubsOf(part[0], part.length));
  const servers = [];
  for (const { server } of parts) servers.push(await startProxy(sockproxyd, [], cores, { sections: () => server }));
  await pause(SETTLE_MS);
  const before = sum(servers, ({ pid }) => residentBytes(pid));
  const began = performance.now();
  const devices = [];
  for (const [index, server] of servers.entries()) devices.push(...(await link(server, parts[index].hubs)));
  say(`${name}: until all ${hubs} are linked`, (performance.now() - began) / 1000, "s");
  await pause(SETTLE_MS);
  say(`${name}: memory of a link`, (sum(servers, ({ pid }) => residentBytes(pid)) - before) / hubs / 1000, "kB");
  const idle = sum(servers, ({ pid }) => cpuSeconds(pid));
  await pause(MINUTE_MS);
  const busy = sum(servers, ({ pid }) => cpuSeconds(pid)) - idle;
  say(`${name}: CPU of ${hubs} idle links`, (busy / MINUTE_MS) * 100_000, "% of a core");
  await measureStatus(name, servers[0], Math.min(each, hubs));
  for (const { stop } of [...devices, ...servers]) await stop();
}

/** What the status of a daemon with so many hubs costs, and how long others wait for an answer meanwhile. */
async function measureStatus(name, server, count) {
  const before = cpuSeconds(server.pid);
  for (let asked = 0; asked < STATUS_REPLIES; asked += 1) await statusOf(server);
  const each = (cpuSeconds(server.pid) - before) / STATUS_REPLIES;
  say(`${name}: CPU for the status of ${count}`, each * 1000, "ms");
  let isOver = false;
  const waited = longestWait(server, () => isOver);
  for (let asked = 0; asked < STATUS_REPLIES; asked += 1) await statusOf(server);
  isOver = true;
  say(`${name}: longest wait of a client for an answer meanwhile`, await waited, "ms");
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
  hubs: () => measureHubs("hub", plainHubs, 3),
  "secured-hubs": () => measureHubs("hub with TLS and a secret", securedHubs, 2 + 1 / PER_LINE),
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
