// The load process of the notification measures. Devices, plugins and the Luup engine share it, so all times come from one clock.
// It sends { url } when it is ready, then answers each { call, args } with { result } or { error }. It ends with its parent.
import { until } from "../wait.mjs";
import { startLuup } from "./luup.mjs";
import { openPlugins } from "./plugin.mjs";

const LIMIT_MS = 10_000;
const MESSAGE = Buffer.alloc(64, "m");
const PERIOD_MS = 100; // between two messages of a connection

/** Pid -> when the oldest message without a notification left. */
const unannounced = new Map();
/** Times from message to notification, in milliseconds. */
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

/** Waits until the Luup engine has a notification for every message. */
const allAnnounced = () => until(() => unannounced.size === 0, "notification of the last messages", LIMIT_MS);

/** Sends one message per connection and period, evenly spread, for some seconds. */
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
  /** Sends ten messages a second on each connection; returns the sorted delays in milliseconds. */
  async rate({ port, connections, seconds }) {
    const plugins = await openPlugins(port, connections);
    await sendFor(plugins, 0.3); // the proxy connects to the Luup engine meanwhile
    delays = [];
    await sendFor(plugins, seconds);
    plugins.close();
    return delays.sort((a, b) => a - b);
  },

  /** Opens the connections for {@link burst} and waits for one notification of each. */
  async prepare({ port, connections }) {
    calls.plugins = await openPlugins(port, connections);
    for (const plugin of calls.plugins) send(plugin);
    await allAnnounced();
  },

  /** Sends one message on each connection at the same moment; returns the milliseconds until the last notification. */
  async burst() {
    delays = [];
    for (const plugin of calls.plugins) send(plugin);
    await allAnnounced();
    return Math.max(...delays);
  },

  /** Closes the connections of {@link prepare}. */
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
