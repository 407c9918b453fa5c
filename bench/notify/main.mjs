// The load process of the notification measures: devices, plugins and the Luup system in one, so that one clock is read.
// Says { url } once it is ready, then answers each { call, args } by { result } or { error }. Ends with its parent.
import { until } from "../wait.mjs";
import { startLuup } from "./luup.mjs";
import { openPlugins } from "./plugin.mjs";

const LIMIT_MS = 10_000;
const MESSAGE = Buffer.alloc(64, "m");
const PERIOD_MS = 100; // of each connection's messages

/** Pid -> when the oldest message left that no notification has arrived for. */
const unannounced = new Map();
/** Milliseconds from message to notification. */
let delays = [];

const url = await startLuup((pid) => {
  const sentAt = unannounced.get(pid);
  if (sentAt === undefined) return;
  delays.push(performance.now() - sentAt);
  unannounced.delete(pid);
});

/** Sends one message of a device. */
function send({ device, pid }) {
  if (!unannounced.has(pid)) unannounced.set(pid, performance.now());
  device.write(MESSAGE);
}

/** Waits until every message has been announced. */
const allAnnounced = () => until(() => unannounced.size === 0, "the last notifications", LIMIT_MS);

/** Sends, evenly spread, one message per connection and period, for so many seconds. */
async function sendFor(plugins, seconds) {
  const stepMs = PERIOD_MS / plugins.length;
  const start = performance.now();
  const total = Math.floor((seconds * 1000) / stepMs);
  let count = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      for (; count < total && start + count * stepMs <= performance.now(); count += 1)
        send(plugins[count % plugins.length]);
      if (count < total) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await allAnnounced();
}

const calls = {
  /** Ten messages a second on each of some connections; returns the delays in milliseconds, sorted. */
  async rate({ port, connections, seconds }) {
    const plugins = await openPlugins(port, connections);
    await sendFor(plugins, 0.3); // connects to the Luup system
    delays = [];
    await sendFor(plugins, seconds);
    plugins.close();
    return delays.sort((a, b) => a - b);
  },

  /** Opens connections for {@link burst}, and has each notified once. */
  async prepare({ port, connections }) {
    calls.plugins = await openPlugins(port, connections);
    for (const plugin of calls.plugins) send(plugin);
    await allAnnounced();
  },

  /** One message on each at the same moment; returns milliseconds until the last is notified. */
  async burst() {
    delays = [];
    for (const plugin of calls.plugins) send(plugin);
    await allAnnounced();
    return Math.max(...delays);
  },

  /** Closes what {@link prepare} has opened. */
  async finish() {
    calls.plugins.close();
  },
};

process.on("message", ({ call, args }) => {
  calls[call](args).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send({ url });
