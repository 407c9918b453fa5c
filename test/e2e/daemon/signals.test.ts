// SIGUSR1: files are opened again, and no debugger is
import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { type DaemonProcess, startDaemon, startDaemonUnder } from "../../support/daemon.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { Client, greet } from "../../support/net.js";
import { cliYml, isListening, ownFolder, start } from "../../support/proxy-process.js";
import { Output } from "../../support/shown.js";
import { quietFor, until } from "../../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-signals-`);
after(() => rmSync(folder, { recursive: true }));
let echo: Awaited<ReturnType<typeof startEcho>>;
before(async () => {
  echo = await startEcho();
});
after(() => echo.stop());

/** The ports a process listens on, as proc(5) tells. */
function listeningPorts(pid: number | undefined): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined; // closed meanwhile
      }
    }),
  );
  const rows = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, "utf8").trim().split("\n").slice(1),
  );
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && sockets.has(fields[9]))
    .map((fields) => Number.parseInt(fields[1]?.split(":")[1] ?? "", 16));
}

/** Starts a daemon in which Node first runs a text of JavaScript. */
function startBehind(script: string): Promise<DaemonProcess> {
  return startDaemonUnder(["env", `NODE_OPTIONS=--import=data:text/javascript,${encodeURIComponent(script)}`], []);
}

const TELLS_ITSELF = "process.kill(process.pid, 'SIGUSR1')";

test("SIGUSR1 while Node itself starts: the debugger it opens is closed", async () => {
  const daemon = await startBehind(TELLS_ITSELF);
  assert.match(daemon.log(), /Debugger listening/, "Node itself was asked");
  await until(() => listeningPorts(daemon.child.pid).length === 1, "the debugger to close");
  assert.deepEqual(listeningPorts(daemon.child.pid), [daemon.port]);
  assert.equal(await daemon.stop(), 0);
});

test("SIGUSR1 while the program is loaded opens nothing", async () => {
  const hook = `export function load(url, context, next) {
    if (url.endsWith("/program.js")) ${TELLS_ITSELF};
    return next(url, context);
  }`;
  const daemon = await startBehind(
    `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hook)}")`,
  );
  assert.deepEqual(listeningPorts(daemon.child.pid), [daemon.port]);
  assert.doesNotMatch(daemon.log(), /Debugger/);
  assert.equal(await daemon.stop(), 0);
});

test("who starts Node with --inspect keeps the debugger", async () => {
  const daemon = await startDaemonUnder(["env", "NODE_OPTIONS=--inspect=127.0.0.1:0"], []);
  assert.match(daemon.log(), /Debugger listening/);
  assert.equal(listeningPorts(daemon.child.pid).length, 2);
  assert.equal(await daemon.stop(), 0);
});

test("SIGUSR1 opens the log and the audit files again, and does not read the configuration", async () => {
  const [log, audit] = [`${folder}/log`, `${folder}/audit`];
  const [port, other] = [await freePort(), await freePort()];
  const config = new ConfigFile(`[direct]\n${port}=127.0.0.1:${echo.port} MONI=hex MONL=${audit}\n`);
  const daemon = await startDaemon("-c", config.path, "-L", log);
  const says = (path: string, text: string): Promise<void> =>
    until(() => existsSync(path) && readFileSync(path, "utf8").includes(text), `"${text}" in ${path}`);
  const client = await Client.open(port);
  await roundTrip(client, "one");
  await says(audit, "6f 6e 65");
  config.write(`[direct]\n${other}=127.0.0.1:${echo.port}\n`);
  for (const path of [log, audit]) renameSync(path, `${path}.old`);
  daemon.child.kill("SIGUSR1");
  await says(log, "log opened again");
  await roundTrip(client, "two");
  await says(audit, "74 77 6f");
  (await greet(daemon.port)).client.write("QUIT\n");
  await says(log, "closed:");
  assert.doesNotMatch(readFileSync(log, "utf8"), /configuration/);
  assert.deepEqual(listeningPorts(daemon.child.pid).sort(), [daemon.port, port].sort());
  client.destroy();
  assert.equal(await daemon.stop(), 0);
});

test("SIGHUP opens the audit files again, even when the configuration is wrong", async () => {
  const audit = `${folder}/audit-of-wrong`;
  const port = await freePort();
  const config = new ConfigFile(`[direct]\n${port}=127.0.0.1:${echo.port} MONI=hex MONL=${audit}\n`);
  const daemon = await startDaemon("-c", config.path);
  const client = await Client.open(port);
  await roundTrip(client, "one");
  await until(() => existsSync(audit), "the audit file");
  config.write("[direct]\nnonsense\n");
  renameSync(audit, `${audit}.old`);
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log().includes("configuration not taken"), "the refusal");
  await roundTrip(client, "two");
  await until(() => existsSync(audit), "a new audit file");
  client.destroy();
  assert.equal(await daemon.stop(), 0);
});

const COMMANDS: Readonly<Record<string, (port: number, daemon: number) => string[]>> = {
  mux: (port) => ["mux", "-l", `127.0.0.1:${port}`, "-t", `127.0.0.1:${echo.port}`],
  "tunnel server": (port) => ["tunnel", "server", `127.0.0.1:${port}`, "127.0.0.1:1", "127.0.0.1:2"],
  "tunnel device": (_port, daemon) => ["tunnel", "device", "--server", `127.0.0.1:${daemon}`, "--allow", "127.0.0.1:1"],
  "reverse-proxy start": (port) => ["reverse-proxy", "start", "--port", `${port}`],
  watch: (_port, daemon) => ["watch", `127.0.0.1:${daemon}`],
};
for (const [name, args] of Object.entries(COMMANDS)) {
  test(`SIGUSR1 opens nothing in ${name}`, async (t) => {
    const daemon = await startDaemon();
    const port = await freePort();
    const own = ownFolder();
    writeFileSync(`${own}/cli.yml`, cliYml(echo.port));
    const child = start(t, own, ...args(port, daemon.port));
    const errors = new Output(child.stderr as Readable);
    const connected = (): boolean => daemon.log().includes(" opened on "); // who only looks whether it answers has no line
    await until(() => isListening(port) || connected(), `${name} to be at work`);
    const ports = listeningPorts(child.pid);
    child.kill("SIGUSR1");
    await quietFor(150);
    assert.deepEqual(listeningPorts(child.pid), ports);
    assert.equal(child.exitCode ?? child.signalCode, null);
    assert.doesNotMatch(errors.text, /Debugger/);
    assert.equal(await daemon.stop(), 0);
  });
}
