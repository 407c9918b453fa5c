// A house for pictures of the page: the built daemon between simulated devices, clients, plugins, a tunnel and a small Luup engine. Four things
// are wrong in it, and more with `withMore`. All is on the loopback: 127.0.1.x are its addresses.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const LIMIT_MS = 20_000;
const BASE = 21_300; // ports of the house

/** Ports of the house. */
export const PORTS = {
  proxy: BASE,
  web: BASE + 1,
  inverter: BASE + 2,
  heatpump: BASE + 3,
  meter: BASE + 4,
  bus: BASE + 5,
  mail: BASE + 6,
  mountain: BASE + 7,
  cabin: BASE + 8,
  broker: BASE + 9,
  heating: BASE + 10,
};

const CONFIG = (luup) => `[host]
port=${PORTS.proxy}
ip=127.0.0.1
vera=${luup}
webhook=reactor
[web]
port=${PORTS.web}
[mqtt]
url=mqtt://127.0.0.1:${PORTS.broker}
prefix=house
[webhook reactor]
url=http://127.0.1.70:8111/api/v1/variable/{name}_event/set
[mux inverter]
listen=127.0.0.1:${PORTS.inverter}
target=127.0.1.22:1502
protocol=modbus
timeout=5s
cache=500ms
publish=unit 1 holding 40000 int16 as power unit W
publish=unit 1 holding 40002 int16 scale 0.1 as voltage unit V
publish=unit 1 holding 40072 int16 scale 0.01 as frequency unit Hz
publish=unit 1 holding 40074 int16 scale 0.01 as temperature unit °C
publish=unit 1 holding 41000 uint32 scale 0.01 as yield unit kWh
[mux heat pump]
listen=127.0.0.1:${PORTS.heatpump}
target=127.0.1.31:1502
protocol=modbus
timeout=2s
[mux smart meter]
listen=127.0.0.1:${PORTS.meter}
target=127.0.1.40:1502
protocol=modbus
timeout=3s
[direct bus]
listen=127.0.0.1:${PORTS.bus}
target=127.0.1.62:10001, 127.0.1.63:10001
health-check=1s
[direct heating]
listen=127.0.0.1:${PORTS.heating}
target=127.0.1.64:23
mqtt=heating
dial=always
[tunnel cabin]
listen=127.0.0.1:${PORTS.mountain}
expose=127.0.0.1:${PORTS.cabin} > 127.0.1.80:8080
`;

const DEVICE_CONFIG = `[host]
port=0
[device cabin]
server=127.0.0.1:${PORTS.mountain}, 127.0.1.81:7000
allow=127.0.1.80:8080
`;

/** Starts it all. @returns the URL of the page, and `close` */
export async function openHouse({ withProblems = true, withMore = false } = {}) {
  const open = new Set();
  const timers = new Set();
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-house-`);
  const every = (ms, act) => timers.add(setInterval(act, ms));
  const serve = (host, port, welcome) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      welcome(socket);
    }).listen(port, host);
    open.add(server);
    return once(server, "listening");
  };
  const dial = (port, localAddress = "127.0.0.1") => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => {});
    open.add(socket);
    return socket;
  };
  const start = async (name, config) => {
    const path = `${folder}/${name}.conf`;
    writeFileSync(path, config);
    const child = spawn(process.execPath, [MAIN, "-c", path], { stdio: ["ignore", "ignore", "pipe"] });
    process.on("exit", () => child.kill());
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
    });
    const limit = Date.now() + LIMIT_MS;
    while (!log.includes("started")) {
      if (child.exitCode !== null || Date.now() > limit) throw new Error(`the daemon has not started: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return child;
  };

  const modbus = (wait) => (socket) => {
    socket.on("data", (request) => {
      const count = request.readUInt16BE(10);
      const answer = Buffer.alloc(9 + 2 * count);
      request.copy(answer, 0, 0, 8);
      answer.writeUInt16BE(3 + 2 * count, 4);
      answer[8] = 2 * count;
      for (let at = 9; at < answer.length; at += 2) answer.writeUInt16BE(2300 + Math.round(50 * Math.random()), at);
      setTimeout(() => socket.write(answer), wait());
    });
  };
  await serve(
    "127.0.1.22",
    1502,
    modbus(() => 18 + 25 * Math.random()),
  );
  await serve("127.0.1.31", 1502, withProblems ? () => {} : modbus(() => 60 + 40 * Math.random()));
  if (!withProblems)
    await serve(
      "127.0.1.40",
      1502,
      modbus(() => 8 + 5 * Math.random()),
    );
  await serve("127.0.1.64", 23, (socket) => {
    const timer = setInterval(() => socket.write("flow 41.5\r\n"), 1900);
    socket.on("close", () => clearInterval(timer));
  });
  await serve("127.0.1.62", 10_001, (socket) => socket.on("data", (data) => socket.write(data)));
  if (!withMore) await serve("127.0.1.63", 10_001, (socket) => socket.on("data", (data) => socket.write(data)));
  await serve("127.0.1.80", 8080, (socket) => socket.on("data", () => socket.write("temperature 21.5\n")));
  await serve("127.0.1.90", 4999, (socket) => {
    const timer = setInterval(() => socket.write(`status zone 1 ${Math.random() < 0.5 ? "open" : "closed"}\r\n`), 700);
    socket.on("close", () => clearInterval(timer));
  });
  const luup = createHttpServer((request, response) => {
    const isWrong = withProblems && request.url.includes("DeviceNum=45");
    setTimeout(() => response.end(isWrong ? "ERROR: Invalid Service" : '{"u:HandleReceiveResponse":{}}'), 4);
  }).listen(0, "127.0.0.1");
  open.add(luup);
  await once(luup, "listening");

  const reactor = createHttpServer((_request, response) => {
    if (withProblems) response.writeHead(404);
    response.end("{}");
  }).listen(8111, "127.0.1.70");
  open.add(reactor);
  const mosquitto = `${folder}/mosquitto.conf`;
  writeFileSync(mosquitto, `listener ${PORTS.broker} 127.0.0.1\nallow_anonymous true\nuser root\n`);
  const broker = spawn("mosquitto", ["-c", mosquitto], { stdio: "ignore" });
  broker.on("error", () => {}); // without mosquitto the picture shows a broker that is away
  process.on("exit", () => broker.kill());
  const daemon = await start("server", CONFIG(`http://127.0.0.1:${luup.address().port}/port_3480`));
  const device = await start("device", DEVICE_CONFIG);

  let id = 0;
  const ask = (socket, register, count) => {
    id = (id + 1) % 65_536;
    const request = Buffer.from([0, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 0]);
    request.writeUInt16BE(id, 0);
    request.writeUInt16BE(register, 8);
    request.writeUInt16BE(count, 10);
    if (socket.writable) socket.write(request);
  };
  const poll = (port, from, ms, register) => {
    let socket = dial(port, from);
    every(ms, () => {
      if (socket.destroyed) socket = dial(port, from);
      ask(socket, register, 8);
    });
  };
  poll(PORTS.inverter, "127.0.1.10", 400, 40_000);
  poll(PORTS.inverter, "127.0.1.11", 1000, 40_072);
  poll(PORTS.inverter, "127.0.1.12", 2500, 40_000);
  poll(PORTS.heatpump, "127.0.1.10", 1500, 100);
  poll(PORTS.meter, "127.0.1.11", 1000, 200);
  const bus = dial(PORTS.bus, "127.0.1.14");
  every(900, () => bus.write("<S0000000000F01D00FA>"));
  const plugin = (target, options, from) => {
    const socket = dial(PORTS.proxy, from);
    socket.once("data", () => socket.write(`CONN ${target} NTFY=${options} PACE=1\n`));
    socket.on("data", () => {});
    return socket;
  };
  plugin("127.0.1.90:4999", "123/urn:upnp-org:serviceId:AlarmPartition2/HandleReceive/panel", "127.0.1.20");
  plugin("127.0.1.90:4999", "45/urn:demo-com:serviceId:Irrigation1/HandleReceive/garden", "127.0.1.20");
  plugin("127.0.1.62:10001", "88/urn:demo-com:serviceId:Blinds1/HandleReceive", "127.0.1.20");
  const away = plugin(
    "127.0.1.90:4999",
    "61/urn:demo-com:serviceId:Blinds1/HandleReceive/attic PARK=1800",
    "127.0.1.20",
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  away.end();
  const cabin = dial(PORTS.cabin, "127.0.1.15");
  every(1100, () => cabin.write("read\n"));

  return {
    url: `http://127.0.0.1:${PORTS.web}/`,
    async close() {
      for (const timer of timers) clearInterval(timer);
      for (const child of [device, daemon, broker]) {
        if (child.exitCode !== null || !child.kill()) continue;
        await once(child, "exit");
      }
      for (const each of open) "destroy" in each ? each.destroy() : each.close();
      luup.closeAllConnections();
      rmSync(folder, { recursive: true });
    },
  };
}
