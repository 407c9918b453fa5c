import assert from "node:assert/strict";
import { test } from "node:test";
import { LuupClient } from "#src/notify/luup-client.js";
import { systemClock } from "#src/system/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { FakeLuup } from "../support/luup.js";
import { localNames } from "../support/names.js";
import { until } from "../support/wait.js";

// a long test: the HTTP client has the timer, and no other clock
test("an idle connection is closed after 30 s, before openLuup drops it", async (t) => {
  const engine = await new FakeLuup().start();
  t.after(() => engine.stop());
  const luup = new LuupClient(engine.url, systemClock, new MemoryLog(), localNames());
  t.after(() => luup.close());
  let isAnswered = false;
  const since = performance.now();
  luup.send({
    path: "/data_request?DeviceNum=5&Pid=idle",
    device: 5,
    action: "5/action",
    isRetry: false,
    done: false,
    wayReturned() {},
    sent() {},
    answered() {
      isAnswered = true;
    },
  });
  await until(() => isAnswered, "the answer");
  assert.equal(engine.connections, 1);
  await until(() => engine.connections === 0, "the connection to be closed", 60_000);
  const ms = performance.now() - since;
  assert.ok(ms > 25_000 && ms < 60_000, `${ms} ms`); // openLuup drops it after 90 s
});
