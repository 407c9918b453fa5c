import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { localhostPairs } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, greet } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { until } from "../../support/wait.js";

interface Counts {
  readonly silent: number;
  readonly refused: number;
}

/** A daemon with a port of each kind, and a device that is linked to its tunnel. */
async function open(t: TestContext, ...flags: string[]) {
  const device = await Device.open();
  t.after(() => device.close());
  device.meetEach((client) => client.socket.on("end", () => client.end()));
  const direct = await freePort();
  const mux = await freePort();
  const tunnel = await freePort();
  const exposed = await freePort();
  const web = await freePort();
  const secure = await freePort();
  const { own } = localhostPairs();
  const config = new ConfigFile(`
[direct one]
listen=${direct}
target=127.0.0.1:${device.port}
[mux two]
listen=${mux}
target=127.0.0.1:${device.port}
protocol=modbus
[tunnel three]
listen=${tunnel}
expose=127.0.0.1:${exposed} > 127.0.0.1:${device.port}
[tunnel four]
listen=${secure}
expose=127.0.0.1:${await freePort()} > 127.0.0.1:${device.port}
tls=true
certificate=${own.certificate}
private-key=${own.key}
[device]
server=127.0.0.1:${tunnel}
allow=127.0.0.1:${device.port}
[web]
port=${web}
`);
  const daemon = await startHere("-a", "127.0.0.1", "-c", config.path, ...flags);
  t.after(() => daemon.discard());
  await until(() => daemon.log().includes(`listening on 127.0.0.1:${exposed}`), "the exposed port");
  return { daemon, device, ports: { proxy: daemon.port, direct, mux, exposed, secure, web } };
}

/** STAT JSON's `clients`, by the port in the listener's name. The client that asks has said something. */
async function countsOf(daemon: RunningDaemon): Promise<Map<string, Counts>> {
  const { client } = await greet(daemon.port);
  client.write("STAT JSON\nQUIT\n");
  const { clients } = JSON.parse((await client.rest()).split("\n")[0] ?? "") as { clients: Record<string, Counts> };
  client.destroy();
  return new Map(Object.entries(clients).map(([name, counts]) => [/port (\d+)/.exec(name)?.[1] ?? "", counts]));
}

/** Connects and leaves without a byte. */
function probe(port: number, how: "end" | "reset"): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (how === "end" ? socket.end() : socket.resetAndDestroy()));
    socket.resume();
    socket.on("close", () => resolve());
  });
}

const OF_CLIENTS = / (opened on|connected to|closed:|link lost|rejected)/;

describe("clients that come and go without a byte, such as health checks and port scans", {
  skip: missing("openssl"),
}, () => {
  test("are counted on every kind of port, and have no line in the log", async (t) => {
    const { daemon, ports } = await open(t);
    await until(() => OF_CLIENTS.test(daemon.log()), "the lines of the tunnel's device"); // it has said something
    await countsOf(daemon);
    await until(() => daemon.log().includes("closed: QUIT"), "the lines of the one that has asked");
    const before = daemon.log();
    for (const port of Object.values(ports)) {
      await probe(port, "end");
      await probe(port, "reset");
    }
    await until(async () => {
      const counts = await countsOf(daemon);
      return Object.values(ports).every((port) => counts.get(String(port))?.silent === 2);
    }, "each port to have counted both");
    const after = daemon.log().slice(before.length).split("\n");
    assert.deepEqual(
      after.filter(
        (line) =>
          OF_CLIENTS.test(line) && !line.includes(`proxy port ${daemon.port}`) && !line.includes("closed: QUIT"),
      ),
      [],
    );
    const metrics = await (await fetch(`http://127.0.0.1:${ports.web}/metrics`)).text();
    assert.match(
      metrics,
      new RegExp(`sockproxyd_silent_connections_total\\{listener="direct one \\(port ${ports.direct}\\)"\\} 2\n`),
    );
  });

  test("are one line each for debugging", async (t) => {
    const { daemon, ports } = await open(t, "-D");
    await probe(ports.direct, "end");
    await probe(ports.proxy, "end");
    const lines = (): string[] =>
      daemon
        .log()
        .split("\n")
        .filter((line) => line.includes("came and went"));
    await until(() => lines().length === 2, "both lines");
    assert.match(
      lines()[0] ?? "",
      / DEBUG \[\w+ 127\.0\.0\.1:\d+ > 127\.0\.0\.1:\d+\] came and went without a byte: opened on direct one .*; connected to .*; closed: by client/,
    );
    assert.match(lines()[1] ?? "", / DEBUG .* opened on proxy port \d+; closed: by client/);
    assert.doesNotMatch(daemon.log(), / INFO .* opened on (direct|proxy)/);
  });

  test("a client that says something, or whose server does, has its lines, in their order", async (t) => {
    const { daemon, device, ports } = await open(t);
    const client = await Client.open(ports.direct);
    client.write("x");
    await until(() => device.clients.length > 0, "the device to be reached");
    await until(() => daemon.log().includes("connected to"), "its lines");
    client.destroy();
    await until(
      () => / direct one|closed: (reset )?by client/.test(daemon.log().split("connected to")[1] ?? ""),
      "its end",
    );
    const own = daemon
      .log()
      .split("\n")
      .filter((line) => line.includes(`> 127.0.0.1:${device.port}]`) || line.includes("direct one (port"));
    const at = (text: string): number => own.findIndex((line) => line.includes(text));
    assert.ok(at("opened on direct one") >= 0 && at("opened on direct one") < at("connected to"));
    assert.ok(at("connected to") < at("closed: "));
  });

  test("a device that cannot be reached is no secret: the client that found that out has its lines", async (t) => {
    const { daemon, device, ports } = await open(t);
    device.close();
    const client = await Client.open(ports.direct);
    await client.rest();
    client.destroy();
    await until(() => daemon.log().includes("closed: ERR CONN"), "the lines");
    assert.match(daemon.log(), / INFO .* opened on direct one/);
  });
});
