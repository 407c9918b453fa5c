import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Listener } from "#src/accept/listener.js";
import { Ports } from "#src/accept/ports.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { LoadedConfig, Settings } from "#src/core/config/settings.js";
import { ConfigReload } from "#src/daemon/config-reload.js";
import type { LogSettings } from "#src/log/log.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { MemoryLog } from "../support/in-process.js";
import { listenerOf } from "../support/listener.js";
import { localNames } from "../support/names.js";
import { Device } from "../support/net.js";

/** A log that remembers where it has been told to write. */
class MovableLog extends MemoryLog {
  readonly paths: string[] = [];

  override configure({ log: path }: LogSettings): void {
    if (path === "/forbidden") throw new Error("cannot write log file /forbidden");
    this.paths.push(path);
  }
}

/** A daemon with one port, which reads the configuration that the test names. */
class ReloadableDaemon {
  readonly log = new MovableLog();
  readonly ports: Ports;
  readonly reload: ConfigReload;
  inForce: Settings = { ...DEFAULT_SETTINGS, ip: "127.0.0.1", log: "/first" };
  next: LoadedConfig = { settings: this.inForce, problems: [] };
  loads = 0;
  /** What the listeners lack. */
  problem: string | undefined;
  /** Holds up the adoption of settings. */
  gate: Promise<void> = Promise.resolve();

  constructor(clock: ManualClock) {
    const { log } = this;
    this.ports = new Ports({
      ...{ clock, log, own: new OwnSockets(clock), names: localNames(clock) },
      admit: (_listener, socket) => socket.destroy(),
      admitDatagrams: (_listener, client) => client.destroy(),
    });
    this.reload = new ConfigReload({
      ...{ log, ports: this.ports, descriptorLimit: 1024 },
      load: () => {
        this.loads += 1;
        return this.next;
      },
      settings: () => this.inForce,
      listenersOf: async (settings) => this.listenersOf(settings),
      adopt: async (settings) => {
        await this.gate;
        this.inForce = settings;
      },
    });
  }

  static async open(t: TestContext): Promise<ReloadableDaemon> {
    const daemon = new ReloadableDaemon(new ManualClock());
    daemon.inForce = { ...daemon.inForce, port: await freePort() };
    await daemon.ports.open(daemon.listenersOf(daemon.inForce), daemon.inForce.ip);
    daemon.log.lines.length = 0;
    t.after(() => daemon.ports.close());
    return daemon;
  }

  listenersOf({ port }: Settings): Listener[] {
    if (this.problem !== undefined) throw new Error(this.problem);
    return [listenerOf(port, { essential: true })];
  }

  /** The configuration changes. */
  write(settings: Partial<Settings>, more: Partial<LoadedConfig> = {}): void {
    this.next = { settings: { ...this.inForce, ...settings }, problems: [], ...more };
  }

  get openPorts(): number[] {
    return this.ports.all.map(({ status }) => status.port);
  }
}

test("a reload moves ports and log, then puts the settings in force", async (t) => {
  const daemon = await ReloadableDaemon.open(t);
  const port = await freePort();
  daemon.write({ port, log: "/second" }, { warnings: ["anybody may connect"] });
  assert.equal(await daemon.reload.reload("SIGHUP"), undefined);
  assert.deepEqual([daemon.inForce.port, daemon.inForce.log], [port, "/second"]);
  assert.deepEqual([daemon.openPorts, daemon.log.paths], [[port], ["/second"]]);
  assert.deepEqual(daemon.log.lines, [
    `INFO listening on 127.0.0.1:${port} (direct)`,
    "WARN anybody may connect",
    "INFO configuration read again (SIGHUP)",
  ]);
});

test("a reload warns when there are too few descriptors for the new settings", async (t) => {
  const daemon = await ReloadableDaemon.open(t);
  daemon.write({ maxConnections: 1000 });
  await daemon.reload.reload("SIGHUP");
  assert.match(daemon.log.lines.at(-1) ?? "", /^WARN max-connections=1000 needs 2128 open files/);
});

test("a configuration with mistakes changes nothing, and all of them are told", async (t) => {
  const daemon = await ReloadableDaemon.open(t);
  const before = daemon.inForce;
  daemon.write({ port: await freePort(), log: "/second" }, { problems: ["conf:1: what?", "conf:2: what?"] });
  assert.equal(await daemon.reload.reload("SIGHUP"), "conf:1: what?; conf:2: what?");
  assert.deepEqual([daemon.inForce, daemon.openPorts, daemon.log.paths], [before, [before.port], []]);
  assert.deepEqual(daemon.log.lines, [
    "ERROR configuration not taken (SIGHUP), nothing has changed: conf:1: what?; conf:2: what?",
  ]);
});

test("settings that cannot be put in force change nothing: the log goes back to its file", async (t) => {
  const occupant = await Device.open();
  t.after(() => occupant.close());
  const daemon = await ReloadableDaemon.open(t);
  const before = daemon.inForce;
  daemon.write({ port: occupant.port, log: "/second" });
  assert.match((await daemon.reload.reload("SIGHUP")) ?? "", /^cannot listen on 127\.0\.0\.1:\d+: already in use$/);
  assert.deepEqual(daemon.log.paths, ["/second", "/first"]);
  daemon.problem = "TLS: cert.pem cannot be used";
  daemon.write({ log: "/third" });
  assert.equal(await daemon.reload.reload("SIGHUP"), "TLS: cert.pem cannot be used");
  daemon.problem = undefined;
  daemon.write({ log: "/forbidden" });
  assert.equal(await daemon.reload.reload("SIGHUP"), "cannot write log file /forbidden");
  assert.deepEqual(daemon.log.paths, ["/second", "/first", "/third", "/first", "/first"]);
  assert.deepEqual([daemon.inForce, daemon.openPorts], [before, [before.port]]);
});

test("reloads wait for each other", async (t) => {
  const daemon = await ReloadableDaemon.open(t);
  let open = (): void => {};
  daemon.gate = new Promise((resolve) => {
    open = resolve;
  });
  daemon.write({ renotify: 1 });
  const both = [daemon.reload.reload("first"), daemon.reload.reload("second")];
  while (daemon.loads === 0) await new Promise(setImmediate);
  assert.equal(daemon.loads, 1);
  open();
  await Promise.all(both);
  assert.equal(daemon.loads, 2);
  assert.deepEqual(daemon.log.lines, [
    "INFO configuration read again (first)",
    "INFO configuration read again (second)",
  ]);
});

test("a reload that throws does not stop those behind it", async (t) => {
  const daemon = await ReloadableDaemon.open(t);
  daemon.gate = Promise.reject(new TypeError("a fault on purpose"));
  const [first, second] = [daemon.reload.reload("first"), daemon.reload.reload("second")];
  await assert.rejects(first, /on purpose/);
  daemon.gate = Promise.resolve();
  assert.equal(await second, undefined);
});

test("a daemon that stops reads nothing any more", async (t) => {
  const daemon = await ReloadableDaemon.open(t);
  daemon.reload.close();
  assert.equal(await daemon.reload.reload("RELD"), "the proxy is stopping");
  assert.equal(daemon.loads, 0);
});
