import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { mergeFile } from "#src/core/config/merge-file.js";
import { EventBus } from "#src/events/event-bus.js";
import { LineEvents } from "#src/notify/line-events.js";
import { luupWays } from "#src/notify/luup-way.js";
import { ManualClock } from "../support/clock.js";

test("a line whose clients notify the engine loads nothing for that, and asks for no events", () => {
  const text = "[direct x]\nlisten=1\ntarget=h:1\nnotify=5/urn:x/Act";
  const { settings } = mergeFile(DEFAULT_SETTINGS, parseConfigFile(text, "f").settings);
  const events = new EventBus();
  const lines = new LineEvents({ clock: new ManualClock(), events, fault: (error) => assert.fail(String(error)) });
  let prepared = 0;
  const sender = { prepare: () => (prepared += 1), send() {}, cancel() {}, urlOf: (path: string) => path };
  lines.configure(settings, [luupWays(sender)]);
  assert.deepEqual([settings.direct[0]?.route.options.notify?.device, prepared, events.wanted], [5, 0, false]);
});
