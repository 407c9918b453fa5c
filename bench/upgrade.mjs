// An upgrade under load, for docs/upgrade.md: connections that stream both ways, what is lost, and the longest silence that one of them sees.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePorts, listening } from "./ports.mjs";
import { folder, start } from "./processes.mjs";
import { pause, until } from "./wait.mjs";

const PROGRAM = fileURLToPath(new URL("../build/sockproxyd.cjs", import.meta.url));
const RECORD_BYTES = 4;
const LIMIT_MS = 90_000;

const { values } = parseArgs({
  options: { streams: { type: "string" }, every: { type: "string" }, rounds: { type: "string" } },
});
const count = Number(values.streams ?? 1000);
const everyMs = Number(values.every ?? 200);
const rounds = Number(values.rounds ?? 3);

/** Says growing numbers, and counts those that come: one that is missing, or comes twice, shows. */
class Stream {
  said = 0;
  heard = 0;
  isWrong = false;
  /** The longest time between two pieces that came, in milliseconds, since the last upgrade began. */
  longestMs = 0;
  #at = performance.now();
  #rest = Buffer.alloc(0);
  #timer;

  constructor(socket) {
    this.socket = socket;
    socket.on("data", (chunk) => this.#hear(chunk));
    for (const event of ["error", "end", "close"]) socket.on(event, () => this.#broken());
    setTimeout(() => {
      this.#timer = setInterval(() => this.#say(), everyMs);
    }, Math.random() * everyMs);
  }

  #broken() {
    if (this.#timer !== undefined) this.isWrong = true;
  }

  #say() {
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeUInt32BE(this.said++);
    this.socket.write(record);
  }

  #hear(chunk) {
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.#at);
    this.#at = now;
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES)
      this.isWrong ||= bytes.readUInt32BE(at) !== this.heard++;
    this.#rest = bytes.subarray(at);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const [proxy, line, device] = await freePorts(3);

/** Says a line to the daemon, and returns its answer. */
async function ask(words) {
  const socket = connect(proxy, "127.0.0.1").on("error", () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  await lines.next();
  socket.write(`${words}\n`);
  const { value = "no answer" } = await lines.next();
  socket.destroy();
  return value;
}

function median(figures) {
  return figures.sort((one, other) => one - other)[Math.floor(figures.length / 2)];
}

const streams = [];
const server = createServer({ noDelay: true }, (socket) => streams.push(new Stream(socket)));
server.listen(device, "127.0.0.1", 4096);
const configuration = join(folder, "upgrade.conf");
writeFileSync(configuration, `[direct]\n${line}=127.0.0.1:${device}\n`);
const daemon = start(
  process.execPath,
  [PROGRAM, "-a", "127.0.0.1", "-p", String(proxy), "-c", configuration],
  undefined,
  "ignore",
);
await listening(proxy, () => (daemon.exitCode === null ? undefined : `it has ended with ${daemon.exitCode}`));
for (let index = 0; index < count; index += 1) {
  const socket = connect({ port: line, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  streams.push(new Stream(socket));
}
await until(() => streams.length === 2 * count && streams.every(({ heard }) => heard > 2), "streams", LIMIT_MS);
console.log(`${count} connections, ${Math.round((2000 * count) / everyMs)} messages a second`);
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const stream of streams) stream.longestMs = 0;
    const answer = await ask("UPGR");
    await pause(2 * everyMs);
    const silences = streams.map(({ longestMs }) => longestMs - everyMs);
    console.log(`${round}: ${answer}`);
    console.log(
      `   silence beyond the ${everyMs} ms, as its peers see it: longest ${Math.max(...silences).toFixed(0)} ms, median ${median(silences).toFixed(0)} ms`,
    );
    await pause(1000); // the old process ends
  }
  for (const stream of streams) stream.stop();
  const sum = (what) => streams.reduce((total, stream) => total + stream[what], 0);
  await until(() => sum("said") === sum("heard"), "all bytes", LIMIT_MS).catch(() => {});
  const wrong = streams.filter(({ isWrong }) => isWrong).length;
  console.log(
    `${sum("said")} messages said, ${sum("heard")} heard; ${wrong} of ${streams.length} ends cut or out of order`,
  );
} finally {
  await ask("STOP");
}
process.exit();
