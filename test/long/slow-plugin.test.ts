// A plugin that reads little at each notification: reminders (RNTF) bring everything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startHere } from "../support/in-process.js";
import { LuaSocket } from "../support/luasocket.js";
import { FakeLuup, likeOpenLuup } from "../support/luup.js";
import { Device } from "../support/net.js";
import { missingLuaSocket } from "../support/peers.js";
import { until } from "../support/wait.js";

test("RNTF: 64 kB reach a plugin that reads 255 bytes per action", { skip: missingLuaSocket() }, async (t) => {
  const SIZE = 65_536;
  const [luup, device, lua] = [await new FakeLuup().start(), await Device.open(), new LuaSocket()];
  const daemon = await startHere("-N", luup.url);
  t.after(async () => {
    lua.kill();
    device.close();
    daemon.discard();
    await luup.stop();
  });
  const pid = await lua.connectAsPlugin(daemon.port, device.port, "NTFY=5/urn:x/Act RNTF=0.1");
  await lua.call("timeout 0");
  let read = 0;
  let reading = Promise.resolve();
  luup.answer = (arrival, response, request) => {
    likeOpenLuup(arrival, response, request);
    if (arrival.pid !== pid) return;
    reading = reading.then(async () => {
      const answer = await lua.call("receive 255");
      read += answer.replace(/^nil\t"(timeout|closed)"\t?/, "").replaceAll('"', "").length;
    });
  };
  (await device.client()).write("z".repeat(SIZE));
  await until(() => read >= SIZE, "everything to be read", 150_000);
  luup.answer = likeOpenLuup;
  await reading;
  assert.equal(read, SIZE);
});
