import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MAIN } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { pause, until } from "../support/wait.js";

// What a hub with little memory feels of a daemon that has nothing to do (docs/benchmarks.md). The bounds have room: a figure is for the bench, a
// bound for what nobody has meant.

const MAX_MORE_KB = 20_000; // measured: 13,000
const SETTLE_MS = 3000;
const WATCH_MS = 4000;
const MAX_WAKE_UPS = 20; // measured: 0 to 3
const CONNECTIONS = 2000;
const MAX_NEW_SPACE_BYTES = 8_388_608; // measured: 2 to 4 MiB; without the flag it is 32 MiB and more

function startNode(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  after(() => void child.kill("SIGKILL"));
  return child;
}

function numberIn(child: ChildProcess, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${child.pid}/status`, "latin1"))?.[1];
  assert.ok(value !== undefined, `${name} of a process that runs`);
  return Number(value);
}

const isListening = (port: number): boolean =>
  new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F]+:0000 0A `).test(
    readFileSync("/proc/net/tcp", "latin1"),
  );

test("an idle daemon takes little more memory than Node itself, and sleeps", async () => {
  const empty = startNode("-e", "setInterval(() => {}, 1e9)");
  const port = await freePort();
  const daemon = startNode(MAIN, "-a", "127.0.0.1", "-p", String(port));
  await until(() => isListening(port), "the daemon to listen");
  await pause(SETTLE_MS);
  const more = numberIn(daemon, "VmRSS") - numberIn(empty, "VmRSS");
  assert.ok(more <= MAX_MORE_KB, `${more} kB more than Node`);
  const before = numberIn(daemon, "voluntary_ctxt_switches");
  await pause(WATCH_MS);
  const wakeUps = numberIn(daemon, "voluntary_ctxt_switches") - before;
  assert.ok(wakeUps <= MAX_WAKE_UPS, `${wakeUps} wake-ups in ${WATCH_MS / 1000} s without anything to do`);
});

test("connections share the hidden classes of their objects: V8 makes none for each", async () => {
  const folder = mkdtempSync(join(tmpdir(), "light-"));
  after(() => rmSync(folder, { recursive: true }));
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  after(() => void echo.close());
  await once(echo, "listening");
  const [port, front] = [await freePort(), await freePort()];
  const [config, log] = [join(folder, "conf"), join(folder, "maps")];
  const { port: back } = echo.address() as AddressInfo;
  const sections = ["[host]", "ip=127.0.0.1", `port=${port}`, `log=${join(folder, "log")}`, "[direct]"];
  writeFileSync(config, [...sections, `${front}=CONN 127.0.0.1:${back}`, ""].join("\n"));
  const daemon = startNode("--log-maps", "--no-logfile-per-isolate", `--logfile=${log}`, MAIN, "-c", config);
  await until(() => isListening(front), "the daemon to listen");
  for (let count = 0; count < CONNECTIONS; count += 1) {
    const client = connect(front, "127.0.0.1");
    client.write("x");
    await once(client, "data");
    client.end();
    await once(client, "close");
  }
  daemon.kill("SIGTERM");
  await once(daemon, "exit");
  const lines = readFileSync(log, "latin1").split("\n");
  const own = lines.filter((line) => /^map,(?:Transition,.*,prototype,|Normalize)/.test(line)).length;
  assert.ok(lines.some((line) => line.startsWith("map,")));
  assert.ok(own < CONNECTIONS / 2, `${own} for ${CONNECTIONS} connections`);
});

test("the memory for new objects stays small, whatever the load, and one thread scavenges it", () => {
  const smallHeap = new URL("../../system/small-heap.js", import.meta.url).href;
  const script = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { keepHeapSmall } from ${JSON.stringify(smallHeap)};
    keepHeapSmall();
    let kept = [];
    for (let count = 0; count < 3_000_000; count += 1) {
      kept.push({ count, list: [count] });
      if (kept.length > 30_000) kept = kept.slice(15_000);
    }
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size);
  `;
  const args = ["--trace-gc-nvp", "--input-type=module", "-e", script];
  const lines = execFileSync(process.execPath, args, { encoding: "utf8" }).trim().split("\n");
  const bytes = Number(lines.find((line) => /^\d+$/.test(line)));
  const helped = lines.filter((line) => / background\.scavenge\.parallel=(?!0\.00)/.test(line)).length;
  assert.ok(helped < lines.length / 2, `${helped} of ${lines.length} collections`); // the first ones are of the start
  assert.ok(bytes > 0 && bytes <= MAX_NEW_SPACE_BYTES, `${bytes} bytes`);
});
