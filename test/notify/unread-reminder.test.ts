import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { UnreadTracker } from "#src/core/notify/unread-tracker.js";
import { UnreadReminder, type WatchedPlugin } from "#src/notify/unread-reminder.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const INTERVAL_MS = 5000;
/** More than Node reads ahead on a socket that is paused: the rest stays with the kernel. */
const MUCH = Buffer.alloc(524_288);

/** A plugin on this machine, as the kernel's own table shows it; time is the test's. */
async function scene(t: TestContext) {
  const clock = new ManualClock();
  const { end, peer } = await socketEnd(t);
  peer.socket.pause();
  const table = new SocketTable(clock);
  const reminder = new UnreadReminder(clock, table, (error) => assert.fail(String(error)));
  let [reminders, looks] = [0, 0];
  const tracker = new UnreadTracker();
  const plugin: WatchedPlugin = {
    local: end.peerKey,
    remote: end.ownKey,
    intervalMs: INTERVAL_MS,
    unreadTracker: Object.assign(Object.create(tracker) as UnreadTracker, {
      observe(unread: number): boolean {
        looks += 1;
        return tracker.observe(unread);
      },
    }),
    remind: () => {
      reminders += 1;
    },
  };
  return {
    ...{ clock, end, peer, reminder, plugin },
    counts: () => ({ reminders, looks }),
    /** A notification leaves, its action runs, and the engine answers. */
    notify(action = (): void => {}): void {
      reminder.notificationSent(plugin);
      action();
      reminder.notificationAnswered(plugin);
    },
    /** Lets time pass; resolves when a look that begins then would be over. */
    async pass(ms: number): Promise<void> {
      clock.advance(ms);
      await table.row(plugin.local, plugin.remote); // answered together with what was asked at the same time
      await new Promise((resolve) => setImmediate(resolve));
    },
    /** Lets so many looks happen, and no more. */
    async looked(count: number): Promise<void> {
      await until(() => looks >= count, `${count} looks`);
      assert.equal(looks, count);
    },
  };
}

test("a plugin that leaves bytes unread is reminded, an interval after the answer to each notification", async (t) => {
  const { clock, end, notify, counts, looked } = await scene(t);
  end.write(MUCH);
  notify();
  clock.advance(INTERVAL_MS - 1);
  assert.equal(clock.pending, 1, "the look is still to come");
  clock.advance(1);
  await looked(1);
  assert.equal(counts().reminders, 1);
  clock.advance(10 * INTERVAL_MS);
  assert.deepEqual(counts(), { reminders: 1, looks: 1 }, "until it is notified");
  notify();
  clock.advance(INTERVAL_MS);
  await looked(2);
  assert.equal(counts().reminders, 2);
});

test("a plugin that has read everything is not reminded, but looked at again", async (t) => {
  const { clock, end, peer, notify, counts, looked } = await scene(t);
  end.write("read");
  peer.socket.resume();
  await until(() => peer.bytes.length === 4, "the plugin to read");
  notify();
  for (let look = 1; look <= 3; look += 1) {
    clock.advance(INTERVAL_MS);
    await looked(look);
    await until(() => clock.pending > 0, "the next look to be planned");
  }
  assert.equal(counts().reminders, 0);
});

test("there is no look while a notification is on its way, however long its action takes", async (t) => {
  const { clock, end, peer, reminder, plugin, counts, looked, pass } = await scene(t);
  end.write(MUCH);
  reminder.notificationAnswered(plugin);
  clock.advance(INTERVAL_MS - 1);
  reminder.notificationSent(plugin);
  await pass(10 * INTERVAL_MS);
  assert.deepEqual(counts(), { reminders: 0, looks: 0 });
  peer.socket.resume();
  await until(() => peer.bytes.length === MUCH.length, "the plugin to read");
  reminder.notificationAnswered(plugin);
  clock.advance(INTERVAL_MS);
  await looked(1);
  assert.equal(counts().reminders, 0);
});

test("a look that a notification overtakes counts for nothing", async (t) => {
  const { end, reminder, plugin, notify, counts, pass } = await scene(t);
  end.write(MUCH);
  notify();
  const look = pass(INTERVAL_MS); // to read the table takes a while
  reminder.notificationSent(plugin);
  await look;
  assert.deepEqual(counts(), { reminders: 0, looks: 0 });
  reminder.notificationAnswered(plugin);
  await pass(INTERVAL_MS);
  assert.deepEqual(counts(), { reminders: 1, looks: 1 });
});

test("each plugin is looked at in its own time", async (t) => {
  const { clock, reminder, plugin, notify, counts, pass } = await scene(t);
  let patientLooks = 0;
  const unreadTracker = { observe: () => ++patientLooks === 0 } as unknown as UnreadTracker;
  const patient: WatchedPlugin = { ...plugin, intervalMs: 3 * INTERVAL_MS, unreadTracker };
  notify();
  reminder.notificationAnswered(patient);
  await pass(INTERVAL_MS);
  assert.deepEqual([counts().looks, patientLooks, clock.pending], [1, 0, 1]);
  await pass(INTERVAL_MS);
  assert.deepEqual([counts().looks, patientLooks], [2, 0]);
  await pass(INTERVAL_MS);
  assert.deepEqual([counts().looks, patientLooks], [3, 1]);
});

test("a plugin whose socket is closed is not looked at any more", async (t) => {
  const { clock, end, reminder, plugin, notify, counts, pass } = await scene(t);
  end.write(MUCH);
  notify();
  reminder.remove(plugin);
  await pass(INTERVAL_MS);
  assert.deepEqual([counts(), clock.pending], [{ reminders: 0, looks: 0 }, 0]);
});
