import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { systemClock } from "#src/system/clock.js";
import { Client } from "../support/net.js";
import { pause, quietFor, until } from "../support/wait.js";

/** Stops the whole process for a while, as SIGSTOP does. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Two ends of a connection inside this process, closed after the test. */
async function pair(t: { after(done: () => void): void }): Promise<{ near: Socket; far: Client }> {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const accepted = once(server, "connection");
  const far = await Client.open((server.address() as AddressInfo).port);
  const [near] = (await accepted) as [Socket];
  t.after(() => far.destroy());
  t.after(() => near.destroy());
  return { near, far };
}

describe("a timer that is late because the process stood still", () => {
  test("fires after waiting bytes of the sockets, which may cancel it", async (t) => {
    const { near, far } = await pair(t);
    const seen: string[] = [];
    const calledOff = systemClock.after(50, () => seen.push("blames its peer"));
    systemClock.after(50, () => seen.push("looks again"));
    near.on("data", (chunk: Buffer) => {
      seen.push(String(chunk));
      calledOff.cancel();
    });
    far.write("alive");
    standStill(300);
    await until(() => seen.includes("looks again"), "the timer");
    await quietFor(50);
    assert.deepEqual(seen, ["alive", "looks again"]);
  });

  test("fires after work that takes several passes of the event loop", async (t) => {
    const { near, far } = await pair(t);
    const seen: string[] = [];
    const limit = systemClock.after(50, () => seen.push("gives up"));
    let turns = 20; // an end that yields continues by setImmediate
    const goOn = (): void => {
      turns -= 1;
      if (turns > 0) setImmediate(goOn);
      else limit.cancel();
    };
    near.on("data", goOn);
    far.write("much");
    standStill(300);
    await until(() => turns === 0, "the last turn");
    await quietFor(250);
    assert.deepEqual(seen, []);
  });

  test("fires in the end, once, even if the process catches up slowly", async () => {
    let calls = 0;
    systemClock.after(20, () => {
      calls += 1;
    });
    standStill(200);
    await pause(20);
    standStill(200);
    await until(() => calls > 0, "the timer", 10_000);
    await quietFor(250);
    assert.equal(calls, 1);
  });

  test("can be cancelled while it waits, and afterwards", async () => {
    let calls = 0;
    const timer = systemClock.after(20, () => {
      calls += 1;
    });
    standStill(200);
    await pause(20);
    timer.cancel();
    await quietFor(250);
    assert.equal(calls, 0);
  });
});
