import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { pageModule } from "../support/page.js";

test("the page asks every 2 s; in a hidden tab every 30 s, and at once when somebody looks again", async (t) => {
  const { Daemon } = await pageModule("daemon");
  let asked = 0;
  let changed = (): void => {};
  const document = {
    hidden: false,
    addEventListener(_name: string, listener: () => void) {
      changed = listener;
    },
  };
  const answers: Record<string, object> = { status: { startedAt: "now" }, actions: { allowed: false }, history: {} };
  const fetch = async (path: string) => {
    if (path === "status") asked += 1;
    return { ok: true, json: async () => answers[path] };
  };
  const former = { fetch: globalThis.fetch };
  Object.assign(globalThis, { document, fetch });
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => {
    mock.timers.reset();
    Object.assign(globalThis, former, { document: undefined });
  });
  const after = async (ms: number): Promise<number> => {
    mock.timers.tick(ms);
    await turn();
    return asked;
  };
  void new Daemon().keepAsking(() => {});
  assert.equal(await after(0), 1);
  assert.equal(await after(1999), 1);
  assert.equal(await after(1), 2);
  document.hidden = true;
  changed();
  assert.equal(await after(0), 3);
  assert.equal(await after(29_999), 3);
  assert.equal(await after(1), 4);
  document.hidden = false;
  changed();
  assert.equal(await after(0), 5);
  assert.equal(await after(2000), 6);
});
