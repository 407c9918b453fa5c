import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { ok } from "#src/core/parse/result.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import type { WebContext } from "#src/web/site.js";
import { Web } from "#src/web/web.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { MemoryLog } from "../support/in-process.js";
import { isListening } from "../support/proxy-process.js";
import { until } from "../support/wait.js";

function fixture() {
  const clock = new ManualClock();
  const admission = { admitReader: () => ok({ release() {} }) };
  const context = { clock, log: new MemoryLog(), own: new OwnSockets(clock), admission: () => admission };
  const web = new Web(context as unknown as WebContext);
  const configure = (webPort: number, webAddress = "127.0.0.1"): Promise<void> =>
    web.configure({ ...DEFAULT_SETTINGS, webPort, webAddress });
  return { web, configure };
}

test("a page is opened, moved and closed as the settings say; the same settings leave it alone", async (t) => {
  const { web, configure } = fixture();
  t.after(() => web.close());
  await configure(0);
  assert.deepEqual(web.status, []);
  const [first, second] = [await freePort(), await freePort()];
  await configure(first);
  assert.deepEqual([isListening(first), web.status.map(({ port }) => port)], [true, [first]]);
  await configure(first);
  assert.equal(isListening(first), true);
  await configure(second);
  await until(() => !isListening(first), "the first to be closed");
  assert.deepEqual([isListening(second), web.status.map(({ port }) => port)], [true, [second]]);
  await configure(0);
  await until(() => !isListening(second), "the second to be closed");
  assert.deepEqual(web.status, []);
});
