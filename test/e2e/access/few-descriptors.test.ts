// A daemon with too few descriptors for its clients.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { startDaemon } from "../../support/daemon.js";
import { startEcho } from "../../support/echo.js";
import { serve } from "../../support/flood.js";
import { FakeLuup } from "../../support/luup.js";
import { Client, Device, relayed } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { descriptors, faults } from "../../support/process.js";
import { until } from "../../support/wait.js";

let echo: Awaited<ReturnType<typeof startEcho>>;
before(async () => {
  echo = await startEcho();
});
after(() => echo.stop());

test("without descriptors newcomers are turned away, the others served on; afterwards all is well", {
  skip: missing("prlimit"),
}, async (t) => {
  const luup = await new FakeLuup().start();
  const own = await startDaemon("-N", luup.url);
  t.after(async () => {
    await own.stop();
    await luup.stop();
  });
  const device = await Device.open();
  const { client, remote } = await relayed(own.port, device, "NTFY=5/urn:x/Act/poor");
  const spare = 50; // above the descriptor that libuv keeps for this: it was opened while others were in use
  const limit = descriptors(own) + spare;
  const set = spawnSync("prlimit", [`--pid=${own.child.pid}`, `--nofile=${limit}:`], { encoding: "utf8" });
  assert.equal(set.status, 0, set.stderr);
  const crowd = await Promise.all(Array.from({ length: 200 }, () => Client.open(own.port)));
  await until(
    () => crowd.every((each) => each.closed || each.ended || each.bytes.length > 0),
    "everybody to be greeted or turned away",
  );
  const served = crowd.filter((each) => each.bytes.length > 0 && !each.ended);
  assert.ok(served.length >= spare - 10 && served.length <= spare + 10, `${served.length} served`);
  remote.write("still here");
  assert.equal(await client.take(10), "still here");
  served[0]?.write(`CONN 127.0.0.1:${echo.port}\n`);
  await until(() => served[0]?.bytes.includes("ERR CONN ") === true, "the refusal");
  for (const each of crowd) each.destroy();
  await luup.received("poor", 1); // repeated until there was a descriptor for it
  await serve(own, echo.port);
  client.reset();
  await luup.received("poor", 2);
  assert.deepEqual(faults(own.log()), []);
  assert.equal(await own.stop(), 0);
  device.close();
});
