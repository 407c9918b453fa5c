// Thousands of clients at one time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { startDaemon } from "../support/daemon.js";
import { type Flooded, mib, serve, serveDuring, startFlooded, stopFlooded } from "../support/flood.js";
import { Client } from "../support/net.js";
import { descriptorLimit, descriptors, descriptorsAtRest, faults, resident } from "../support/process.js";
import { pause, until } from "../support/wait.js";

const SETUP_LIMIT_MS = 30_000; // setup mode ends after so long without a command

let flooded: Flooded;
let { daemon, echo, atRest } = {} as Flooded;
before(async () => {
  flooded = await startFlooded();
  ({ daemon, echo, atRest } = flooded);
});
after(() => stopFlooded(flooded));

test("10,000 silent clients hold up nobody, and are let go after 30 s", { timeout: 150_000 }, async (t) => {
  const own = await startDaemon();
  t.after(() => own.stop());
  const count = Math.min(10_000, descriptorLimit() - 2000, descriptorLimit(own) - 200);
  const [files, memory] = [await descriptorsAtRest(own), resident(own)];
  const ages: number[] = [];
  const answers = new Set<string>();
  async function open(): Promise<void> {
    const since = performance.now();
    const socket = connect({ port: own.port, host: "127.0.0.1" });
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", (error) => answers.add(error.message));
    socket.on("end", () => {
      answers.add(text.replace(/[0-9a-f]{11}/, "PID"));
      ages.push(performance.now() - since);
    });
    await once(socket, "connect");
  }
  async function attack(): Promise<void> {
    for (let opened = 0; opened < count; opened += 100) {
      await Promise.all(Array.from({ length: Math.min(100, count - opened) }, open));
      await pause(20);
    }
    await until(() => descriptors(own) - files >= count * 0.99, "all of them to be in", 25_000);
    t.diagnostic(`${mib(resident(own) - memory)} for ${count} silent clients`);
    await until(() => ages.length >= count, "all of them to be let go", 90_000);
  }
  const worst = await serveDuring(own, echo.port, attack());
  ages.sort((a, b) => a - b);
  t.diagnostic(
    `let go after ${((ages[0] ?? 0) / 1000).toFixed(1)} to ${((ages.at(-1) ?? 0) / 1000).toFixed(1)} s; ` +
      `others served within ${worst.toFixed(0)} ms`,
  );
  assert.deepEqual([...answers], ["OK TOGGLEDBITS-SOCKPROXY 1 PID\n"]);
  assert.ok((ages[0] ?? 0) >= SETUP_LIMIT_MS - 100, `${ages[0]} ms`);
  assert.ok((ages.at(-1) ?? 0) < SETUP_LIMIT_MS + 15_000, `${ages.at(-1)} ms`);
  assert.ok(worst < 6000, `${worst} ms`); // one who is held up waits for the limit of the silent ones
  await until(() => descriptors(own) <= files, "the descriptors to be closed", 20_000);
  assert.deepEqual(faults(own.log()), []);
  assert.equal(await own.stop(), 0);
});

test("clients that reset at once, by the thousand, leave nothing behind", async () => {
  for (let batch = 0; batch < 30; batch += 1) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        const client = await Client.open(daemon.port);
        if (number % 3 === 1) client.write(`CONN 127.0.0.1:${echo.port}\n`);
        if (number % 3 === 2) client.write("STAT\n".repeat(10));
        client.reset();
      }),
    );
  }
  await serve(daemon, echo.port);
  await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed");
});
