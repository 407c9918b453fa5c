// Three daemons behind HAProxy, by the configurations in deploy/, each on a machine of its own: network namespaces, in which all addresses
// are those of the files. One daemon is killed under load, and the cable of another one is pulled out.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ConfigFile } from "../support/config.js";
import { MAIN } from "../support/daemon.js";
import { connectMachines, Machine, ownAddresses, Program, run } from "../support/machines.js";
import { insideNamespace, runInside } from "../support/namespace.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

const HAPROXY = "10.0.0.5";
const [BROKER, PLUGIN_HUB, INVERTER, WEB_BESIDE_DEVICE] = ["10.0.0.6", "10.0.0.20", "192.168.0.30", "192.168.7.3"];
const NAMES = ["one", "two", "three"] as const;
/** The promise is 5 s, and it takes one: the machine of the tests may be slow. */
const BACK_WITHIN_MS = 20_000;
const SESSIONS = 30;

/** A file of deploy/. */
function deployed(name: string): string {
  return fileURLToPath(new URL(`../../../deploy/${name}`, import.meta.url));
}

/** A server that echoes. */
async function echo(host: string, port: number): Promise<void> {
  const server = createServer((socket: Socket) => void socket.on("error", () => {}).pipe(socket));
  server.listen(port, host);
  after(() => server.close());
  await once(server, "listening");
}

/** What a Modbus device answers to {@link ASK}. */
const ANSWER = Buffer.from("000100000005010302002a", "hex");
const ASK = Buffer.from("000100000006010300000001", "hex");

/** A device that answers Modbus requests, and knows who has asked last. */
class SharedDevice {
  readonly askedBy: string[] = [];
  readonly #links = new Set<Socket>();

  async start(host: string): Promise<this> {
    const server = createServer((socket) => {
      this.#links.add(socket);
      socket.on("error", () => {}).on("close", () => this.#links.delete(socket));
      socket.on("data", () => {
        this.askedBy.push(socket.remoteAddress ?? "");
        socket.write(ANSWER);
      });
    });
    server.listen(502, host);
    after(() => server.close());
    await once(server, "listening");
    return this;
  }

  /** Ends all links. */
  cut(): void {
    for (const link of this.#links) link.resetAndDestroy();
  }
}

/** A program that asks the shared device all the time, and connects anew when it is cut. */
class Poller {
  answers = 0;
  #socket: Socket | undefined;
  #isOver = false;

  start(): this {
    const socket = connect({ port: 5020, host: HAPROXY, localAddress: PLUGIN_HUB });
    this.#socket = socket;
    socket.on("error", () => {}).on("connect", () => socket.write(ASK));
    socket.on("data", (chunk: Buffer) => {
      if (chunk.equals(ANSWER)) this.answers += 1;
      setTimeout(() => socket.write(ASK), 50);
    });
    socket.on("close", () => {
      if (!this.#isOver) setTimeout(() => this.start(), 100);
    });
    return this;
  }

  stop(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }
}

/** What the bus has told of a connection. */
interface Told {
  readonly event: string;
  readonly pid: string;
  readonly bytes?: number;
}

/** The events of connections, by the daemon and the identifier of the connection. */
function toldOn(bus: Program): Map<string, Told[]> {
  const told = new Map<string, Told[]>();
  for (const line of bus.text.split("\n").slice(0, -1)) {
    const [, daemon, json = ""] = /^fleet\/(\w+)\/plugin\/\d+ (.*)$/.exec(line) ?? [];
    if (daemon === undefined) continue;
    const event = JSON.parse(json) as Told;
    const key = `${daemon} ${event.pid}`;
    told.set(key, [...(told.get(key) ?? []), event]);
  }
  return told;
}

/** A plugin that sends through its connection, checks what the echo brings, and connects anew when it is cut. */
class Session {
  connections = 0;
  bytes = 0;
  wrong = 0;
  /** There is a connection, and it has carried bytes. */
  isCarrying = false;
  readonly #number: number;
  #socket: Socket | undefined;
  #isOver = false;

  constructor(number: number) {
    this.#number = number;
  }

  start(): this {
    const socket = connect({ port: 2504, host: HAPROXY, localAddress: PLUGIN_HUB });
    this.#socket = socket;
    let greeting = "";
    let sent: Buffer | undefined;
    const next = (): void => {
      sent = randomBytes(1024);
      socket.write(sent);
    };
    let got = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      if (sent === undefined) {
        greeting += chunk.toString("latin1");
        if (greeting.split("\n").length === 2)
          socket.write(`CONN ${WEB_BESIDE_DEVICE}:7 NMQT=plugin/${this.#number} PACE=1\n`);
        if (!greeting.includes("OK CONN")) return;
        this.connections += 1;
        next();
        return;
      }
      got = Buffer.concat([got, chunk]);
      if (got.length < sent.length) return;
      if (!got.equals(sent)) this.wrong += 1;
      this.bytes += got.length;
      this.isCarrying = true;
      got = Buffer.alloc(0);
      setTimeout(next, 20);
    });
    socket.on("close", () => {
      this.isCarrying = false;
      if (!this.#isOver) setTimeout(() => this.start(), 100);
    });
    return this;
  }

  /** The local port: daemons show it as that of the client. */
  get port(): number {
    return this.#socket?.localPort ?? 0;
  }

  /** Ends when what was asked has come. */
  stop(): void {
    this.#isOver = true;
    this.#socket?.end();
  }
}

interface Shown {
  readonly connections: readonly { readonly client: string; readonly clientPort: number; readonly listener: string }[];
}

async function statusOf(machine: Machine): Promise<Shown> {
  const client = new Client(connect({ port: 2504, host: machine.address, localAddress: PLUGIN_HUB }));
  await client.line();
  client.write("STAT JSON\n");
  const reply = await client.line();
  client.destroy();
  return JSON.parse(reply) as Shown;
}

async function startFleet(t: TestContext) {
  ownAddresses(HAPROXY, BROKER, PLUGIN_HUB, INVERTER, WEB_BESIDE_DEVICE);
  connectMachines(); // the device reaches the daemons
  const shared = new SharedDevice();
  await Promise.all([echo(WEB_BESIDE_DEVICE, 7), echo(WEB_BESIDE_DEVICE, 80), shared.start(INVERTER)]);
  const brokerConfig = new ConfigFile(`${readFileSync(deployed("mosquitto.conf"), "utf8")}user root\n`); // the namespace has no other one
  const broker = new Program("mosquitto", ["-c", brokerConfig.path]);
  await broker.answers(1883, BROKER);
  const bus = new Program("mosquitto_sub", ["-h", BROKER, "-q", "1", "-t", "fleet/#", "-v"]);
  const daemons = NAMES.map((name, index) => {
    return new Machine(`10.0.0.${11 + index}`, process.execPath, MAIN, "-c", deployed(`${name}.conf`));
  });
  const device = new Machine("10.0.0.40", process.execPath, MAIN, "-c", deployed("device.conf"));
  await Promise.all(daemons.map((machine) => machine.start(8099)));
  await device.start();
  // a daemon that is only slow, as on a busy machine, is not to be taken out; one that cannot be connected to still is, at once
  const patient = readFileSync(deployed("haproxy.cfg"), "utf8").replace("timeout check 1s", "timeout check 20s");
  const haproxy = new Program("haproxy", ["-f", new ConfigFile(patient).path]);
  await haproxy.answers(2504, HAPROXY);
  t.after(() => {
    for (const each of [haproxy, device, ...daemons, bus, broker]) each.kill();
  });
  return { daemons, bus, shared };
}

if (!insideNamespace) {
  test(
    "a fleet: HAProxy, a broker and three daemons",
    { skip: missing("unshare", "nsenter", "ip", "haproxy", "mosquitto", "mosquitto_sub") },
    (context) => runInside(import.meta.url, context),
  );
  test("the view of a fleet is a configuration that Prometheus takes", { skip: missing("promtool") }, () => {
    run("promtool", "check", "config", deployed("prometheus.yml"));
  });
} else {
  test("one daemon is killed, and one loses its cable: clients come back by the others, and nobody else is touched", async (t) => {
    const { daemons, bus, shared } = await startFleet(t);
    const [one, two, three] = daemons as [Machine, Machine, Machine];
    const sessions = Array.from({ length: SESSIONS }, (_, number) => new Session(number).start());
    const poller = new Poller().start();
    t.after(() => {
      for (const each of [...sessions, poller]) each.stop();
    });
    /** The sessions of a daemon, by the addresses that it shows. */
    const sessionsOf = async (machine: Machine): Promise<readonly Session[]> => {
      const shown = (await statusOf(machine)).connections.filter(({ client }) => client === PLUGIN_HUB);
      return sessions.filter(({ port }) => shown.some(({ clientPort }) => clientPort === port));
    };
    /** Waits until these sessions have lost a connection, and have another one that carries bytes. @returns how long that took, in ms */
    const comeBack = async (some: readonly Session[], lose: () => void): Promise<number> => {
      const before = new Map(sessions.map((session) => [session, session.connections]));
      const since = performance.now();
      lose();
      await until(
        () => some.every((each) => each.connections > (before.get(each) ?? 0) && each.isCarrying),
        "those who are cut to come back",
      );
      const backAt = performance.now();
      assert.ok(
        sessions.every((each) => some.includes(each) || each.connections === before.get(each)),
        "others are untouched",
      );
      const tookMs = backAt - since;
      assert.ok(some.length > 0 && tookMs < BACK_WITHIN_MS, String(tookMs));
      return Math.round(tookMs);
    };

    const sum = (): number => sessions.reduce((total, { connections }) => total + connections, 0);
    const areTold = (): boolean =>
      [...toldOn(bus).values()].filter(([first]) => first?.event === "connected").length === sum();
    /** What a daemon has not told yet is lost with it. */
    const allTold = (): Promise<void> => until(areTold, "each connection to be told");

    await until(() => sessions.every(({ bytes }) => bytes > 10_000), "traffic of all sessions");
    const on = await Promise.all(daemons.map(sessionsOf));
    assert.ok(on.every(({ length }) => length > 0));
    assert.equal(on.flat().length, SESSIONS, "each stands in the status of its daemon as the client that it is");

    // the shared device stays on one daemon, until that does not reach it any more
    await until(() => poller.answers > 5, "answers of the shared device");
    assert.deepEqual([...new Set(shared.askedBy)], [one.address]);
    one.inside("route", "add", "unreachable", INVERTER);
    shared.cut();
    await until(() => shared.askedBy.at(-1) === two.address, "the next daemon to ask the shared device");

    // killed under load
    await allTold();
    const killedMs = await comeBack(await sessionsOf(two), () => two.kill());
    await until(() => bus.text.includes("fleet/two/status offline"), "the last will of the killed one");
    await until(() => shared.askedBy.at(-1) === three.address, "the last daemon to ask the shared device");

    // services beside a device that is linked to all of them
    for (const _ of [1, 2, 3]) {
      const client = new Client(connect({ port: 8080, host: HAPROXY, localAddress: PLUGIN_HUB }));
      client.write("beside the device");
      assert.equal(await client.take(17), "beside the device");
      client.destroy();
    }

    await allTold();
    const unpluggedMs = await comeBack(await sessionsOf(three), () => three.unplug());
    assert.ok(
      sessions.every(({ wrong }) => wrong === 0),
      "every byte is right",
    );
    t.diagnostic(`back after: killed ${killedMs} ms, unplugged ${unpluggedMs} ms`);

    // every event of the daemon that is left has reached the bus
    for (const session of sessions) session.stop();
    const ofOne = () => [...toldOn(bus)].filter(([key]) => key.startsWith("one "));
    await until(
      () => ofOne().length === SESSIONS && ofOne().every(([, told]) => told.at(-1)?.event === "closed"),
      "the ends",
    );
    let announced = 0;
    for (const [key, told] of ofOne()) {
      assert.deepEqual([told[0]?.event, told.filter(({ event }) => event !== "data").length], ["connected", 2], key);
      const bytes = told.filter(({ event }) => event === "data").reduce((sum, { bytes: some = 0 }) => sum + some, 0);
      const all = told.at(-1)?.bytes ?? 0; // a connection that ends within its pace may be told of by its end alone
      assert.ok(all > 0 && bytes <= all, `${key} ${JSON.stringify(told)}`);
      announced += bytes;
    }
    assert.ok(announced > 0, "data is announced before the ends");
    await allTold();
  });
}
