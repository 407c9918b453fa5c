// Shows the notification proxy at work: the real daemon between a simulated thermometer and a small Luup engine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { startLuup } from "./luup.mjs";
import { Plugin } from "./plugin.mjs";
import { scene, story } from "./story.mjs";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const LIMIT_MS = 10_000;
const endsByItself = process.argv.includes("--once");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition, ten seconds at most: a demonstration that hangs shows nothing. */
async function until(condition, what) {
  const limit = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`waited in vain for ${what}`);
    await pause(2);
  }
}

/** Listens on any free port of the loopback. */
async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

/** Starts the real daemon and waits for its port. */
async function startDaemon(vera) {
  const placeholder = createServer();
  const port = await listen(placeholder);
  placeholder.close();
  // a process group of its own: Ctrl-C is for the demonstration, which then ends the daemon
  const options = { stdio: ["ignore", "inherit", "pipe"], detached: true };
  const child = spawn(process.execPath, [MAIN, "-p", port, "-N", vera], options);
  process.on("exit", () => child.kill());
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the daemon has ended: ${log}`);
    return log.includes("started");
  }, "the daemon");
  return { port, child };
}

let plugin;
let pushedAt = 0;
const luup = await startLuup(
  () => performance.now() - pushedAt,
  () => plugin.readAll(),
);
const device = createServer();
const devicePort = await listen(device);
const { port, child } = await startDaemon(luup.url);
story("sockproxyd", `listens on port ${port}, notifies the Luup engine at ${luup.url}`);
story("device", `a thermometer, listens on port ${devicePort}`);

scene("a plugin connects through the proxy: greeting, CONN");
const arrived = once(device, "connection");
plugin = await Plugin.connect(port);
await plugin.line();
plugin.say(`CONN 127.0.0.1:${devicePort} NTFY=123/urn:demo:serviceId:Thermometer1/HandleReceive PACE=1`);
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
await pause(50);

async function end() {
  device.close();
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
  story("device", "has a new connection; sends a reading every two seconds");
  const timer = setInterval(() => socket.write(`${(21 + Math.random()).toFixed(1)}\n`), 2000);
  socket.on("error", () => {}).on("close", () => clearInterval(timer));
});
plugin = { readAll() {} };
console.log(`
Your turn: the daemon goes on. In another terminal, type

  nc localhost ${port}

and then HELP, STAT, or

  CONN 127.0.0.1:${devicePort} NTFY=123/urn:demo:serviceId:Thermometer1/HandleReceive

Ctrl-C ends the demonstration.`);
process.once("SIGINT", end);
process.once("SIGTERM", end);
child.once("exit", (status) => process.exit(status ?? 1)); // somebody said STOP
