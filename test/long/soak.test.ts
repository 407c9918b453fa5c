// Thousands of connections that come and go must leave nothing behind: 5,000 by default, or more with
//   SOAK_CYCLES=100000 node --test dist/test/long/soak.test.js
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { startDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { FakeLuup } from "../support/luup.js";
import { descriptors, descriptorsAtRest, faults, resident } from "../support/process.js";
import { otherConnections } from "../support/stat-json.js";
import { until } from "../support/wait.js";

const CYCLES = Number(process.env["SOAK_CYCLES"] ?? 5000);
const WARM_UP = 6000; // V8 lets the heap grow until about then
const LANES = 8;
const MIB = 1_048_576;
const WORD = "0123456789abcdef";

/** The side that ends a cycle, and how. */
const ENDINGS = ["client", "remote", "reset"] as const;

/** One cycle: connects, takes an echo, ends. A direct port has no greeting and no reply. */
async function cycle(port: number, hello: string, ending: (typeof ENDINGS)[number]): Promise<void> {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  try {
    socket.setTimeout(20_000, () => socket.destroy(new Error(`no end; so far ${JSON.stringify(text)}`)));
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith(WORD)) return;
      if (ending === "client") socket.end();
      if (ending === "remote") socket.write("bye");
      if (ending === "reset") socket.resetAndDestroy();
    });
    socket.write(hello + WORD);
    await once(socket, "close");
  } finally {
    socket.destroy();
  }
  assert.match(text, hello === "" ? /^\w{16}$/ : /^OK TOGGLEDBITS-SOCKPROXY 1 \w+\nOK CONN \w+\n\w{16}$/);
}

test(`${CYCLES} connections leave nothing behind`, { timeout: 60_000 + CYCLES * 20 }, async (t) => {
  const luup = await new FakeLuup().start();
  const echo = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => (chunk.toString() === "bye" ? socket.end() : socket.write(chunk)));
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const target = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-soak-`);
  const log = `${folder}/log`;
  const direct = await freePort();
  writeFileSync(`${folder}/direct.conf`, `[direct]\n${direct}=CONN ${target} NTFY=5/urn:x/Direct\n`);
  const daemon = await startDaemon("-N", luup.url, "-c", `${folder}/direct.conf`, "-L", log);
  try {
    const kinds = [
      { port: daemon.port, hello: `CONN ${target}\n` },
      { port: daemon.port, hello: `CONN ${target} NTFY=5/urn:x/Conn\n` },
      { port: direct, hello: "" },
    ];
    async function run(cycles: number): Promise<void> {
      let next = 0;
      async function lane(): Promise<void> {
        while (next < cycles) {
          const number = next++;
          const { port, hello } = kinds[number % kinds.length] ?? assert.fail();
          await cycle(port, hello, ENDINGS[Math.floor(number / kinds.length) % ENDINGS.length] ?? "client");
          luup.arrivals.length = 0;
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane));
    }
    /** Descriptors besides the kept connections to the engine. */
    const files = (): number => descriptors(daemon) - luup.connections;

    /** The number of connections, without the asking one. */
    async function others(): Promise<number> {
      return (await otherConnections(daemon.port)).length;
    }

    const atRest = (await descriptorsAtRest(daemon)) - luup.connections;
    await run(WARM_UP);
    await until(() => files() <= atRest, "the descriptors of the warm-up to be closed");
    const before = resident(daemon);
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, resident(daemon));
    }, 100);
    const since = performance.now();
    await run(CYCLES);
    const seconds = (performance.now() - since) / 1000;
    clearInterval(watch);
    await until(() => files() <= atRest, "the descriptors to be closed");
    const after = resident(daemon);
    const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
    t.diagnostic(`${CYCLES} connections in ${seconds.toFixed(1)} s; descriptors ${atRest} before, ${files()} after`);
    t.diagnostic(`resident memory ${mib(before)} after the warm-up, ${mib(peak)} at most, ${mib(after)} at the end`);
    // A leaked connection costs about 10 KiB: 50 MiB for 5,000. The heap of Node varies by less.
    assert.ok(after - before < 32 * MIB, `memory grew by ${mib(after - before)}`);
    assert.equal(await others(), 0);
    assert.deepEqual(faults(readFileSync(log, "utf8")), []);
  } finally {
    rmSync(folder, { recursive: true });
    echo.close();
    await daemon.stop();
    await luup.stop();
  }
});
