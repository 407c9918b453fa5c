// Shows the daemon at work: between a simulated thermometer and a small Luup engine, and before a simulated inverter that two programs share.
import { once } from "node:events";
import { createServer } from "node:net";
import { startDaemon } from "./daemon.mjs";
import { startInverter } from "./inverter.mjs";
import { startLuup } from "./luup.mjs";
import { Plugin } from "./plugin.mjs";
import { listen, pause, until } from "./ports.mjs";
import { Program } from "./program.mjs";
import { scene, story } from "./story.mjs";

const endsByItself = process.argv.includes("--once");

const DEVICE = "123"; // of the Luup engine
const QUIET_DEVICE = "124"; // its plugin goes on behind the last scene, and tells nothing

const plugins = new Map();
let pushedAt = 0;
const luup = await startLuup(
  () => performance.now() - pushedAt,
  (device) => plugins.get(device)?.readAll(),
  (device) => device === QUIET_DEVICE,
);
const device = createServer();
const devicePort = await listen(device);
const inverter = await startInverter();
const { port, web, shared, child } = await startDaemon(luup.url, inverter.port);
const dashboard = `http://127.0.0.1:${web}/`;
story("sockproxyd", `listens on port ${port}, notifies the Luup engine at ${luup.url}`);
story("sockproxyd", `shows all that follows at ${dashboard}`);
story("device", `a thermometer, listens on port ${devicePort}`);
story("inverter", `listens on port ${inverter.port}, takes one connection; shared on port ${shared}`);

scene("a plugin connects through the proxy: greeting, CONN");
const arrived = once(device, "connection");
const connTo = (device) => `CONN 127.0.0.1:${devicePort} NTFY=${device}/urn:demo:serviceId:Thermometer1/HandleReceive`;
const plugin = await Plugin.connect(port);
plugins.set(DEVICE, plugin);
await plugin.line();
plugin.say(`${connTo(DEVICE)} PACE=1`);
await plugin.line();
const [thermometer] = await arrived;
thermometer.on("error", () => {});

function push(reading) {
  story("device", `sends   ${reading}`);
  pushedAt = performance.now();
  thermometer.write(`${reading}\n`);
}

scene(
  "the device sends a reading: the action runs at once; this first request opens the connection to the Luup engine",
);
push("21.4");
await until(() => luup.actions === 1, "the first notification");

scene("a second later: at once again, on the connection that was kept");
await pause(1100);
push("21.5");
await until(() => luup.actions === 2, "the second notification");

scene("PACE=1: three readings within a second make one notification, when the second is over");
for (const reading of ["21.6", "21.7", "21.8"]) {
  await pause(200);
  push(reading);
}
await until(() => luup.actions === 3, "the paced notification");

scene("the device closes the connection: the final notification waits for no pace");
await pause(100);
story("device", "closes the connection");
pushedAt = performance.now();
thermometer.end();
await until(() => luup.actions === 4, "the final notification");

scene("two programs poll the inverter, which takes one connection: each gets the answers to its own questions");
const [display, logger] = [new Program("display", "power", shared), new Program("logger", "yield", shared)];
await Promise.all([display.connect(), logger.connect()]);
for (let round = 0; round < 2; round += 1) await Promise.all([display.ask(), logger.ask()]);
const status = await (await fetch(`${dashboard}status`)).json();
const [{ requests, clientCount, links, values }] = status.muxes;
story(
  "sockproxyd",
  `${clientCount} clients have asked ${requests} times, over ${links.length} connection to the inverter`,
);

const shownValues = values
  .filter(({ state }) => state === "good")
  .map(({ name, value, unit }) => `${name} ${value} ${unit}`);
story("sockproxyd", `publishes what passed: ${shownValues.join(", ")}`);

let ending = false;
async function end() {
  if (ending) return; // a second Ctrl-C
  ending = true;
  device.close();
  inverter.server.close();
  luup.server.close();
  child.kill("SIGTERM");
  const [status] = await once(child, "exit");
  story("sockproxyd", `ended with status ${status}`);
  process.exit(status);
}

if (endsByItself) {
  console.log();
  await end();
}

device.on("connection", (socket) => {
  const timer = setInterval(() => {
    pushedAt = performance.now();
    socket.write(`${(21 + Math.random()).toFixed(1)}\n`);
  }, 2000);
  socket.on("error", () => {}).on("close", () => clearInterval(timer));
});
plugins.clear();
const quiet = await Plugin.connect(port, { aloud: false });
plugins.set(QUIET_DEVICE, quiet);
quiet.say(connTo(QUIET_DEVICE));
display.poll(1000);
logger.poll(2500);
console.log(`
Your turn: the daemon goes on. The two programs poll, and a plugin reads the thermometer every two seconds. Look at it:

  ${dashboard}

In another terminal, type

  nc localhost ${port}

and then HELP, STAT, or

  ${connTo(DEVICE)}

Ctrl-C ends the demonstration.`);
process.on("SIGINT", end);
process.on("SIGTERM", end);
child.once("exit", (status) => ending || process.exit(status ?? 1)); // somebody said STOP
