import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { portAnswers } from "../daemon.js";
import { freePort } from "../free-port.js";
import type { ModbusKind } from "../modbus.js";
import { run } from "../plugin/programs.js";

const SCRIPTS = fileURLToPath(new URL("../../../../test/support/mux-programs", import.meta.url));
/** Debian's Python, which has python3-pymodbus. */
export const PYTHON = "/usr/bin/python3";
const LIMIT_MS = 60_000;

/** The exit status and the output of a program. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end; kills it after a minute. */
export async function ran(command: string, args: readonly string[], input = ""): Promise<Ran> {
  const child = spawn(command, args, { stdio: "pipe", timeout: LIMIT_MS, killSignal: "SIGKILL" });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => {}); // the program may not read its input
  if (input !== "") child.stdin.write(input);
  if (command === "nc")
    child.stdout.once("data", () => child.stdin.end()); // without input some would end before the answer
  else child.stdin.end();
  const [status] = await once(child, "close");
  return { status, stdout: Buffer.concat(stdout), stderr };
}

/** Starts pymodbus as a server of each of these framings, in one process; returns their ports. */
export async function pymodbusServers(t: TestContext, kinds: readonly ModbusKind[]): Promise<number[]> {
  const ports = await Promise.all(kinds.map(() => freePort()));
  const served = kinds.map((kind, index) => `${kind}:${ports[index]}`);
  const server = run(PYTHON, "-B", `${SCRIPTS}/pymodbus_server.py`, ...served);
  t.after(() => server.kill());
  for (const port of ports) {
    await portAnswers(port).catch((error) => {
      throw new Error(`${error}: ${server.stderr()}`);
    });
  }
  return ports;
}

/** Starts pymodbus as a server; returns its port. */
export async function pymodbusServer(t: TestContext, kind: ModbusKind = "modbus"): Promise<number> {
  const [port = 0] = await pymodbusServers(t, [kind]);
  return port;
}

/** Runs pymodbus as a client of each port, one after the other: a line for each, `modbus right`. */
export function pymodbusFramings(visited: readonly (readonly [kind: ModbusKind, port: number])[]): Promise<Ran> {
  return ran(PYTHON, ["-B", `${SCRIPTS}/pymodbus_framings.py`, ...visited.map((each) => each.join(":"))]);
}

/** Runs pymodbus as a client for each seed, at the same time, in one process: a line for each. */
export function pymodbusClients(port: number, count: number, seeds: readonly number[], kind: ModbusKind): Promise<Ran> {
  return ran(PYTHON, ["-B", `${SCRIPTS}/pymodbus_client.py`, String(port), String(count), seeds.join(), kind]);
}

/** A running nginx with a folder of its own. */
export interface Nginx {
  readonly port: number;
  /** A folder for files outside the site. */
  readonly folder: string;
}

/**
 * Starts nginx with one worker. It serves `files` by their names, and `/upstream` from another server.
 *
 * @param keepalive nginx closes a connection after so many requests
 * @param more directives of the server
 */
export async function startNginx(
  t: TestContext,
  files: Readonly<Record<string, string | Buffer>>,
  { upstream = 9, keepalive = 1_000_000, more = "" }: { upstream?: number; keepalive?: number; more?: string } = {},
): Promise<Nginx> {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-nginx-`);
  const port = await freePort();
  mkdirSync(`${folder}/site`);
  for (const [name, content] of Object.entries(files)) await writeFile(`${folder}/site/${name}`, content);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (each) => `${each}_temp_path ${folder}/${each};`,
  );
  await writeFile(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
    events { worker_connections 256; }
    http {
      access_log off; ${temporary.join(" ")}
      keepalive_requests ${keepalive}; client_max_body_size 200m;
      server {
        listen 127.0.0.1:${port}; root ${folder}/site;
        location /upstream { proxy_pass http://127.0.0.1:${upstream}; }
        ${more}
      }
    }`,
  );
  const nginx = run("nginx", "-p", folder, "-c", `${folder}/nginx.conf`);
  t.after(async () => {
    await nginx.kill();
    rmSync(folder, { recursive: true });
  });
  await portAnswers(port).catch((error) => {
    throw new Error(`${error}: ${nginx.stderr()}`);
  });
  return { port, folder };
}
