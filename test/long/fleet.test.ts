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
import { allowForwarding, Machine, ownAddresses, Program, run } from "../support/machines.js";
import { insideNamespace, runInside } from "../support/namespace.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

const HAPROXY = "10.0.0.5";
const [BROKER, PLUGIN_HUB, INVERTER, WEB_BESIDE_DEVICE] = ["10.0.0.6", "10.0.0.20", "192.168.0.30", "192.168.7.3"];
const NAMES = ["one", "two", "three"] as const;
/** The promise is 5 s: the machine of the tests may be slow. */
const BACK_WITHIN_MS = 10_000;
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

/** A plugin that sends through its connection, checks what the echo brings, and connects anew when it is cut. */
class Session {
  connections = 0;
  bytes = 0;
  wrong = 0;
  /** When the last connection was lost, until the next one has carried bytes. */
  lostAt: number | undefined;
  longestMs = 0;
  #socket: Socket | undefined;
  #isOver = false;

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
        if (greeting.split("\n").length === 2) socket.write(`CONN ${INVERTER}:7\n`);
        if (!greeting.includes("OK CONN")) return;
        this.connections += 1;
        next();
        return;
      }
      got = Buffer.concat([got, chunk]);
      if (got.length < sent.length) return;
      if (!got.equals(sent)) this.wrong += 1;
      this.bytes += got.length;
      if (this.lostAt !== undefined) this.longestMs = Math.max(this.longestMs, performance.now() - this.lostAt);
      this.lostAt = undefined;
      got = Buffer.alloc(0);
      setTimeout(next, 20);
    });
    socket.on("close", () => {
      if (this.#isOver) return;
      this.lostAt ??= performance.now();
      setTimeout(() => this.start(), 100);
    });
    return this;
  }

  /** The local port: daemons show it as that of the client. */
  get port(): number {
    return this.#socket?.localPort ?? 0;
  }

  stop(): void {
    this.#isOver = true;
    this.#socket?.destroy();
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
  allowForwarding(); // the device reaches the daemons
  await Promise.all([echo(INVERTER, 7), echo(WEB_BESIDE_DEVICE, 80)]);
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
  const haproxy = new Program("haproxy", ["-f", deployed("haproxy.cfg")]);
  await haproxy.answers(2504, HAPROXY);
  t.after(() => {
    for (const each of [haproxy, device, ...daemons, bus, broker]) each.kill();
  });
  return { daemons, device, bus };
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
    const { daemons, bus } = await startFleet(t);
    const sessions = Array.from({ length: SESSIONS }, () => new Session().start());
    t.after(() => {
      for (const session of sessions) session.stop();
    });
    await until(() => sessions.every(({ bytes }) => bytes > 10_000), "traffic of all sessions");
    const on = await Promise.all(daemons.map(sessionsOf));

    /** The sessions of a daemon, by the addresses that it shows. */
    async function sessionsOf(machine: Machine): Promise<readonly Session[]> {
      const ports = (await statusOf(machine)).connections
        .filter(({ client }) => client === PLUGIN_HUB)
        .map(({ clientPort }) => clientPort);
      return sessions.filter(({ port }) => ports.includes(port));
    }
    assert.deepEqual(
      on.map(({ length }) => length > 0),
      [true, true, true],
    );
    assert.equal(
      on.flat().length,
      SESSIONS,
      "every session stands in the status of its daemon, as the client that it is",
    );

    const [mine, ...others] = [on[1] ?? [], on[0] ?? [], on[2] ?? []];
    daemons[1]?.kill();
    await until(
      () => mine.every(({ connections, lostAt }) => connections === 2 && lostAt === undefined),
      "the killed ones",
    );
    assert.ok(Math.max(...mine.map(({ longestMs }) => longestMs)) < BACK_WITHIN_MS);
    assert.deepEqual(
      others.flat().filter(({ connections }) => connections !== 1),
      [],
      "others are untouched",
    );
    await until(() => bus.text.includes("fleet/two/status offline"), "the last will of the killed one");

    const unplugged = await sessionsOf(daemons[2] as Machine);
    daemons[2]?.unplug();
    await until(
      () => unplugged.every(({ lostAt, connections }) => connections > 1 && lostAt === undefined),
      "the unplugged ones",
    );
    const stayed = sessions.filter((session) => !unplugged.includes(session));
    t.diagnostic(
      `killed: back after ${Math.max(...mine.map(({ longestMs }) => Math.round(longestMs)))} ms; unplugged: ${Math.max(...unplugged.map(({ longestMs }) => Math.round(longestMs)))} ms`,
    );
    assert.ok(stayed.every(({ connections }) => connections <= 2));
    assert.deepEqual(
      sessions.filter(({ wrong }) => wrong > 0),
      [],
      "every byte is right",
    );
  });
}
