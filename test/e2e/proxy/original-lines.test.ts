// Lines that the original sockproxyd takes, as far as its documents and its behaviour show, on a real socket.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RunningDaemon } from "../../support/daemon.js";
import { startHere } from "../../support/in-process.js";
import { Device, greet } from "../../support/net.js";
import { pause } from "../../support/wait.js";

let daemon: RunningDaemon;
let device: Device;
before(async () => {
  device = await Device.open();
  daemon = await startHere("-N", "http://127.0.0.1:1");
});
after(async () => {
  device.close();
  await daemon.discard();
});

/** The first line of the answer to some lines. */
async function say(lines: string): Promise<string> {
  const { client } = await greet(daemon.port);
  client.write(`${lines.replaceAll("DEVICE", `127.0.0.1:${device.port}`)}\n`);
  const answer = await client.line();
  client.destroy();
  return answer;
}

const TAKEN: readonly string[] = [
  "CONN DEVICE",
  "conn DEVICE rtim=60000",
  "CONN DEVICE RTIM=60000.0",
  "CONN DEVICE RTIM=2500.5",
  "CONN DEVICE RTIM=6e4",
  "CONN DEVICE RTIM=1e+05",
  "CONN DEVICE RTIM=",
  "CONN DEVICE RTIM=0",
  "CONN DEVICE BLKS=2048",
  "CONN DEVICE BLKS=2048.0",
  "CONN DEVICE BLKS=0",
  "CONN DEVICE BLKS=",
  "CONN DEVICE PACE=1e0",
  "CONN DEVICE PACE=2.5",
  "CONN DEVICE PACE=",
  "CONN DEVICE NTFY=659.0/urn:x/Act RTIM=60000.0 PACE=2.0 BLKS=512.0",
  "BLKS 2048.0\nCONN DEVICE",
  "RTIM 60000.0\nCONN DEVICE",
  "PACE 1e0\nCONN DEVICE",
  "CONN DEVICE CTIM=4000.0 IDLE=30.0 RNTF=1e1",
];

const REFUSED: readonly string[] = [
  "CONN DEVICE\r",
  "CONN DEVICE RTIM=60000\r",
  "CONN DEVICE RTIM=-1",
  "CONN DEVICE RTIM=0x10",
  "CONN DEVICE RTIM=nan",
  "CONN DEVICE RTIM=inf",
  "CONN DEVICE RTIM=-nan",
  "CONN DEVICE BLKS=1e999",
  "CONN DEVICE PACE=two",
  "CONN DEVICE RTMI=60000",
  "CONN DEVICE KEY",
  "RTIM 60000 ms",
  "STOP now",
];

describe("lines of plugins", { concurrency: 8 }, () => {
  for (const lines of TAKEN) {
    test(`${JSON.stringify(lines)} connects`, async () => {
      assert.match(await say(lines), /^OK /);
    });
  }
  for (const line of REFUSED) {
    test(`${JSON.stringify(line)} is refused`, async () => {
      assert.match(await say(line), /^ERR /);
    });
  }
  for (const [line, expected] of [
    ["QUIT now", /^OK QUIT$/],
    ["CAPA all", /^OK CAPA BLKS /],
    ["HELP me", /^CONN host:port/],
    ["STAT all", /^ ID {15}St Client/],
    ["STAT JSON all", /^\{"version"/],
    ["RTIM", /^OK RTIM$/],
    ["BLKS 0", /^OK BLKS$/],
  ] as const) {
    test(`${JSON.stringify(line)} is answered`, async () => {
      assert.match(await say(line), expected);
    });
  }
});

test("an empty value undoes what a command before has set", async () => {
  const { client } = await greet(daemon.port);
  client.write(`RTIM 50\nCONN 127.0.0.1:${device.port} RTIM= NTFY=1/a/b/empty-rtim\n`);
  assert.deepEqual([await client.line(), await client.line()], ["OK RTIM", "OK CONN empty-rtim"]);
  const remote = device.clients.at(-1);
  await pause(120); // RTIM 50 would have ended it
  assert.deepEqual([client.ended, remote?.closed], [false, false]);
  client.destroy();
});
