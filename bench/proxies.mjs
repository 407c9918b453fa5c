// The compared proxies. Each one relays connections with one process on one core; every other feature is off.
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts, listening } from "./ports.mjs";
import { folder, start, stop } from "./processes.mjs";

const MAIN = fileURLToPath(new URL("../build/sockproxyd.cjs", import.meta.url)); // what packages contain
const BARE_NODE = fileURLToPath(new URL("bare-node.cjs", import.meta.url));
/** Files and sockets that a process may open. */
export const MAX_FILES = Number(
  /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? 1024,
);
const MAX_CONNECTIONS = Math.min(8000, Math.floor(MAX_FILES / 2) - 100); // HAProxy does not start when the file limit is lower

process.env.PATH += ":/usr/sbin:/sbin"; // the folders of haproxy and nginx on Debian

/**
 * @typedef {object} Route one port of a proxy
 * @property {number} front the port that it listens on
 * @property {number} back the port that it connects to; both on 127.0.0.1
 */

/**
 * @typedef {object} Kind a proxy program
 * @property {string} name
 * @property {"bulk"} [only] the only measure that is meaningful
 * @property {() => string | undefined} the version of the program; undefined when it is not installed
 * @property {(file: (name: string, text: string) => string, routes: Route[], extra: object) => string[]} command
 *   writes the configuration with `file`, which returns a path; returns the command line
 */

/** The first group of `pattern` in the output of a program; undefined when the program cannot be run. */
function ask(pattern, ...command) {
  const { error, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8", timeout: 10_000 });
  if (error) return undefined;
  return pattern.exec(stdout + stderr)?.[1] ?? "unknown version";
}

/** @type {Kind} */
export const sockproxyd = {
  name: "sockproxyd",
  version: () => ask(/(\S+)\s*$/, process.execPath, MAIN, "--version"),
  command(file, routes, { port, vera = "http://127.0.0.1:9", options = [], mux, sections }) {
    const lines = sections
      ? sections(routes)
      : mux
        ? ["[mux]", ...routes.map(({ front, back }, index) => `${front}=127.0.0.1:${back} ${mux[index]}`)]
        : [
            "[direct]",
            ...routes.map(({ front, back }, index) => `${front}=CONN 127.0.0.1:${back} ${options[index] ?? ""}`),
          ];
    const host = ["ip=127.0.0.1", `port=${port}`, `vera=${vera}`, `log=${file("log", "")}`];
    return [process.execPath, MAIN, "-c", file("conf", ["[host]", ...host, ...lines, ""].join("\n"))];
  },
};

/** @type {Kind} */
const haproxy = {
  name: "haproxy",
  version: () => ask(/version (\S+)/, "haproxy", "-v"),
  command(file, routes, { port }) {
    const listen = ({ front, back }) => `listen r${front}\n  bind 127.0.0.1:${front}\n  server s 127.0.0.1:${back}\n`;
    const places = routes.length === 0 ? [{ front: port, back: port }] : routes;
    const head = `global
  nbthread 1
  maxconn ${MAX_CONNECTIONS}
defaults
  mode tcp
  maxconn ${MAX_CONNECTIONS}
  backlog 4096
  timeout connect 10s
  timeout client 1h
  timeout server 1h
`;
    return ["haproxy", "-db", "-f", file("conf", head + places.map(listen).join(""))];
  },
};

/** The path of nginx's stream module as a shared object; undefined when it is built in or missing. */
function streamModule() {
  const modules = ask(/--modules-path=(\S+)/, "nginx", "-V");
  const path = join(modules ?? "", "ngx_stream_module.so");
  return existsSync(path) ? path : undefined;
}

/** @type {Kind} */
const nginx = {
  name: "nginx",
  version() {
    const builtIn = ask(/(--with-stream)(?:\s|$)/, "nginx", "-V") === "--with-stream";
    return builtIn || streamModule() !== undefined ? ask(/nginx\/(\S+)/, "nginx", "-v") : undefined;
  },
  command(file, routes, { port }) {
    const module = streamModule();
    const places = routes.length === 0 ? [{ front: port, back: port }] : routes;
    const servers = places.map(
      ({ front, back }) => `server { listen 127.0.0.1:${front} backlog=4096; proxy_pass 127.0.0.1:${back}; }`,
    );
    const text = `${module === undefined ? "" : `load_module ${module};`}
daemon off;
master_process off;
pid ${file("pid", "")};
worker_rlimit_nofile ${2 * MAX_CONNECTIONS + 100};
events { worker_connections ${2 * MAX_CONNECTIONS + 100}; }
stream {
  proxy_timeout 1h;
  ${servers.join("\n  ")}
}
`;
    return ["nginx", "-e", file("log", ""), "-c", file("conf", text)];
  },
};

/**
 * A process per connection, so CPU per message and memory per pair say nothing about the program.
 *
 * @type {Kind}
 */
const socat = {
  name: "socat",
  only: "bulk",
  version: () => ask(/socat version (\S+)/, "socat", "-V"),
  command(_file, routes) {
    const { front, back } = routes[0];
    return ["socat", `TCP-LISTEN:${front},bind=127.0.0.1,reuseaddr,fork`, `TCP:127.0.0.1:${back}`];
  },
};

/**
 * Node itself, with a relay of a few lines: what a daemon of Node cannot go below. Without routes it listens and does nothing else.
 *
 * @type {Kind}
 */
const bareNode = {
  name: "bare Node",
  version: () => process.version,
  command: (_file, routes, { port }) => [
    process.execPath,
    BARE_NODE,
    port,
    ...routes.map(({ front, back }) => `${front}:${back}`),
  ],
};

/** All proxies, in the order of the table; sockproxyd is the first. */
export const KINDS = [sockproxyd, haproxy, nginx, socat, bareNode];

/**
 * @typedef {object} Proxy a running proxy
 * @property {Kind} kind
 * @property {number} pid
 * @property {number[]} fronts its ports, in the order of the backends
 * @property {number} port one more port, for the setup mode of sockproxyd; of others the only one, where there are no backends
 * @property {number} startMs from the start to listening
 * @property {import("./machine.mjs").Cores | undefined} cores
 * @property {() => Promise<void>} stop
 */

let started = 0;

/**
 * Starts a proxy and waits until it listens.
 *
 * @param {Kind} kind
 * @param {number[]} backs the ports of the backends
 * @param {import("./machine.mjs").Cores | undefined} cores
 * @param {{ vera?: string, options?: string[], mux?: string[], sections?: (routes: Route[]) => string[] }} extra for sockproxyd
 *   only: the URL of the Luup engine; the options of each `[direct]` line, or of each `[mux]` line in its place; or all other lines of
 *   the configuration
 * @returns {Promise<Proxy>}
 */
export async function startProxy(kind, backs, cores, extra = {}) {
  started += 1;
  const prefix = join(folder, `${kind.name}-${started}`);
  const file = (name, text) => {
    writeFileSync(`${prefix}.${name}`, text);
    return `${prefix}.${name}`;
  };
  const [port, ...fronts] = await freePorts(backs.length + 1);
  const routes = backs.map((back, index) => ({ front: fronts[index], back }));
  const [command, ...args] = kind.command(file, routes, { port, ...extra });
  const output = openSync(`${prefix}.out`, "w");
  const began = performance.now();
  const child = start(command, args, cores?.proxy, ["ignore", output, output]);
  closeSync(output);
  const failure = () =>
    child.exitCode === null && child.signalCode === null
      ? undefined
      : `${kind.name} has ended: ${readFileSync(`${prefix}.out`, "utf8")}`;
  await listening(fronts[0] ?? port, failure);
  const startMs = performance.now() - began;
  return { kind, pid: child.pid, fronts, port, startMs, cores, stop: () => stop(child) };
}
