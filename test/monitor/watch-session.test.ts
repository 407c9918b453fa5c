import assert from "node:assert/strict";
import { test } from "node:test";
import { Times } from "#src/log/times.js";
import type { Monitor, Watcher } from "#src/monitor/monitor.js";
import { RenderedEvent } from "#src/monitor/subscriber.js";
import { WatchSession } from "#src/monitor/watch-session.js";
import { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";

/** A watching client, and a function that shows it a message. */
function watchingClient() {
  const clock = new ManualClock();
  const client = new FakeEnd();
  const ended: string[] = [];
  let watcher: Watcher | undefined;
  const monitor = {
    addWatcher(joined: Watcher) {
      watcher = joined;
    },
    removeWatcher() {},
  } as unknown as Monitor;
  const owner = {
    over: (reason: string) => void ended.push(reason),
    fault(error: unknown) {
      throw error;
    },
  };
  const watching = new WatchSession(client, { filter: { kind: "all" }, format: [] }, monitor, clock, owner);
  const show = (text: string): void => {
    const source = { connection: "c", listener: 1, server: "s:1" };
    if (watcher?.subscriber.full === true) watcher.subscriber.skip();
    else
      watcher?.subscriber.show(new RenderedEvent({ kind: "connection", source, event: "ERROR", text }, 0, new Times()));
    clock.advance(50);
  };
  return { clock, client, ended, watching, show };
}

test("the memory for a watcher that does not read is limited, and a gap line counts the lines it misses", () => {
  const { client, show, clock } = watchingClient();
  client.setBusy(true);
  const text = "→".repeat(1000);
  for (let lines = 0; lines < 1000; lines += 1) show(text);
  const { length } = client.text;
  assert.ok(length < 10_000, `${length} bytes handed over`);
  client.setBusy(false);
  clock.advance(50);
  const seen = client.text.split(Buffer.from(text).toString("latin1")).length - 1;
  assert.ok(seen > 10 && seen < 100, `${seen} lines`);
  const told = new RegExp(`${1000 - seen} messages not shown`);
  assert.match(client.text, told);
});

test("a watcher that reads nothing for a minute is closed; one without waiting lines is not, nor one that reads a little", () => {
  const { clock, client, ended, show } = watchingClient();
  show("seen");
  clock.advance(3_600_000);
  assert.deepEqual(ended, []);
  client.setBusy(true);
  show("not yet");
  clock.advance(59_000);
  client.setBusy(false);
  client.setBusy(true);
  show("nor this");
  clock.advance(59_000);
  assert.deepEqual(ended, []);
  clock.advance(1000);
  assert.deepEqual(ended, ["client has taken nothing for 60 s"]);
});

test("a watcher that has been closed leaves no timer behind", () => {
  const { clock, client, watching, show } = watchingClient();
  client.setBusy(true);
  show("not read");
  watching.close();
  assert.equal(clock.pending, 0);
});

test("a watcher that leaves ends its session, by a FIN or by a reset; what it says is ignored", () => {
  const { client, ended } = watchingClient();
  client.send("STAT\n");
  assert.deepEqual([ended, client.text], [[], ""]);
  client.fin();
  assert.deepEqual(ended, ["by client"]);
  const other = watchingClient();
  other.client.cut(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  assert.deepEqual(other.ended, ["reset by client (read ECONNRESET)"]);
});
