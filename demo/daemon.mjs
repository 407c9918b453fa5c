import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPorts, until } from "./ports.mjs";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/**
 * Starts the real daemon, with a proxy port, a web page and a shared inverter, and waits for its ports.
 *
 * @param {string} vera the Luup engine
 * @param {number} inverter the port of the inverter
 */
export async function startDaemon(vera, inverter) {
  const { servers, ports } = await openPorts(3);
  const [port, web, shared] = ports;
  const folder = mkdtempSync(join(tmpdir(), "sockproxyd-demo-"));
  const file = join(folder, "sockproxyd.conf");
  const lines = [
    ...["[host]", "ip=127.0.0.1", `port=${port}`, `vera=${vera}`],
    ...["[web]", `port=${web}`],
    ...["[mux inverter]", `listen=${shared}`, `target=127.0.0.1:${inverter}`, "protocol=modbus", "timeout=5s"],
    ...["publish=unit 1 holding 40083 uint16 as power unit W", "publish=unit 1 holding 40094 uint16 as yield unit kWh"],
    "publish=unit 1 holding 40103 int16 scale 0.1 as temperature unit °C poll 10s", // no program reads it
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  // a process group of its own: Ctrl-C is for the demonstration, which then ends the daemon
  const options = { stdio: ["ignore", "inherit", "pipe", ...servers.map(({ _handle: { fd } }) => fd)], detached: true };
  // it gets its ports as from systemd (sd_listen_fds(3)): docs/install.md
  const words = [`LISTEN_PID=$$ LISTEN_FDS=${servers.length} exec "$@"`, "sh", process.execPath, MAIN, "-c", file];
  const child = spawn("sh", ["-c", ...words], options);
  for (const server of servers) server.close();
  process.on("exit", () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    if (log.length < 10_000) log += text;
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the daemon has ended: ${log}`);
    return log.includes("started");
  }, "the daemon");
  return { port, web, shared, child };
}
