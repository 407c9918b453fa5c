// A client from elsewhere has the daemon connect to itself: that makes it no client of this machine, and no crowd.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { type DaemonProcess, MAIN, portAnswers, startDaemonUnder } from "../../support/daemon.js";
import { startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { insideNamespace, runInside } from "../../support/namespace.js";
import { Client, greet } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { descriptors, descriptorsAtRest } from "../../support/process.js";
import { frame, LISTEN } from "../../support/tunnel.js";
import { until } from "../../support/wait.js";

// addresses of this machine, inside; who comes from the first two counts as another machine
const ELSEWHERE = "10.9.9.9";
const DEVICE = "10.77.0.5";
/** Every address of this network is this machine's, though no interface has it. */
const UNSEEN = "10.66.1.1";
const NAMES = "127.0.0.1 localhost hub\n::1 hub\n10.9.9.9 hub\n";
const ITSELF = "that is this daemon itself";

/** Runs a daemon, to end with the test, that knows some names. */
async function startNamed(t: TestContext, text = "", config = new ConfigFile(text)): Promise<DaemonProcess> {
  const hosts = `${config.folder}/hosts`;
  writeFileSync(hosts, NAMES);
  const mount = ["--mount", "sh", "-c", `mount --bind ${hosts} /etc/hosts && exec "$0" "$@"`];
  const daemon = await startDaemonUnder(["unshare", ...mount], ["-c", config.path]);
  t.after(() => daemon.stop("SIGKILL"));
  return daemon;
}

/** A client that counts as another machine. */
async function openElsewhere(port: number, host = ELSEWHERE, localAddress = host): Promise<Client> {
  const client = new Client(connect({ port, host, localAddress, allowHalfOpen: true }));
  await once(client.socket, "connect");
  return client;
}

async function greetedElsewhere(port: number): Promise<Client> {
  return (await greet(port, ELSEWHERE)).client;
}

/** What the daemon answers to a CONN from elsewhere. */
async function asks(port: number, target: string): Promise<string> {
  const client = await greetedElsewhere(port);
  client.write(`CONN ${target}\n`);
  const answer = await client.line();
  client.destroy();
  return answer;
}

async function isServed(port: number, echo: number, target = `127.0.0.1:${echo}`): Promise<void> {
  const { client } = await greet(port);
  client.write(`CONN ${target}\nping`);
  assert.match(await client.line(), /^OK CONN /);
  assert.equal(await client.take(4), "ping");
  client.destroy();
}

async function startNumbered(t: TestContext, count: number, text: (ports: readonly number[]) => string) {
  const ports: number[] = [];
  for (let index = 0; index < count; index += 1) ports.push(await freePort());
  return { daemon: await startNamed(t, text(ports)), ports };
}

function check(text: string): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [MAIN, "-c", new ConfigFile(text).path, "--check"], { encoding: "utf8" });
}

if (!insideNamespace) {
  test("the daemon and itself", { skip: missing("unshare", "ip") }, (context) => runInside(import.meta.url, context));
} else {
  for (const command of [`addr add ${ELSEWHERE}/32 dev lo`, `addr add ${DEVICE}/32 dev lo`]) {
    assert.equal(spawnSync("ip", command.split(" ")).status, 0);
  }
  assert.equal(spawnSync("ip", ["route", "add", "local", "10.66.0.0/16", "dev", "lo"]).status, 0);
  const echo = await startEcho();

  test("no address and no name leads to the proxy's own port or the web port, by no transport", async (t) => {
    const { daemon, ports } = await startNumbered(t, 2, ([web, direct]) => {
      return `[web]\nport=${web}\naddress=*\n[direct]\n${direct}=hub:${web}\n`;
    });
    const hosts = ["127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
    for (const host of [...hosts, ELSEWHERE, "hub", "HUB", "localhost", "0x7f000001"]) {
      for (const port of [daemon.port, ports[0]]) {
        for (const options of ["RTIM=300", "PRTO=tls TLSV=0", "PRTO=udp"]) {
          const answer = await asks(daemon.port, `${host}:${port} ${options}`);
          assert.match(answer, new RegExp(`^ERR CONN .*: ${ITSELF}$`), host);
        }
      }
    }
    const byLine = await openElsewhere(ports[1] ?? 0);
    assert.match(await byLine.rest(), new RegExp(`^ERR CONN hub:${ports[0]}: ${ITSELF}\n$`));
    byLine.destroy();
    await isServed(daemon.port, echo.port);
  });

  const commands = ["STOP", "RELD", "TCPR 10.9.9.9:1 10.9.9.9:2", "WTCH"];
  test("what the dial cannot see the accepting side refuses: nothing that is sent is read", async (t) => {
    const { daemon, ports } = await startNumbered(t, 1, ([web]) => {
      return `[web]\nport=${web}\naddress=*\n`;
    });
    const target = `${UNSEEN}:${daemon.port}`;
    for (const command of commands) {
      for (const end of ["reset", "end"] as const) {
        const client = await greetedElsewhere(daemon.port);
        client.write(`CONN ${target}\n${"\n".repeat(100_000)}${command}\n`);
        await once(client.socket, "data");
        client[end]();
        const late = await greetedElsewhere(daemon.port);
        late.write(`CONN ${target} RTIM=300\n`);
        assert.match(await late.line(), /^OK CONN /);
        late.write(`${"\n".repeat(100_000)}${command}\n`);
        assert.equal(await late.rest(), `ERR ACCESS ${ITSELF}\n`);
        for (const each of [client, late]) each.destroy();
      }
    }
    const page = await greetedElsewhere(daemon.port);
    page.write(`CONN ${UNSEEN}:${ports[0]}\nGET /messages HTTP/1.1\nHost: 127.0.0.1\n\n`);
    assert.match(await page.line(), /^OK CONN /);
    assert.equal(await page.rest(), "");
    page.destroy();
    await isServed(daemon.port, echo.port);
    assert.equal(daemon.child.exitCode, null);
    assert.doesNotMatch(daemon.log(), /stopping|read again|TCPR/);
    const told = (): string[] => daemon.log().match(/rejected by (proxy|web) port.*/g) ?? [];
    const expected = [`proxy port ${daemon.port}`, `web port ${ports[0]}`].map(
      (port) => `rejected by ${port}: ${ITSELF}`,
    );
    await until(() => told().length >= expected.length, "the log to tell");
    assert.deepEqual(told(), expected, "once a minute for one client on one port");
  });

  test("no tunnel is begun to the daemon itself, or for it", async (t) => {
    const daemon = await startNamed(t);
    const itself = `127.0.0.1:${daemon.port}`;
    for (const [server, service] of [
      [itself, "127.0.0.1:1"],
      ["127.0.0.1:1", itself],
    ]) {
      const { client } = await greet(daemon.port);
      client.write(`TCPR ${server} ${service}\n`);
      assert.equal(await client.line(), `ERR TCPR ${itself}: ${ITSELF}`);
      client.destroy();
    }
    const { client } = await greet(daemon.port);
    client.write(`TCPR hub:${daemon.port} 127.0.0.1:1\n`);
    assert.match(await client.line(), /^OK TCPR/);
    await until(() => daemon.log().includes(`[device > hub:${daemon.port}] ${ITSELF}`), "the dial to be refused");
    client.destroy();
  });

  test("a crowd that waits to be accepted in front of it changes nothing", async (t) => {
    const daemon = await startNamed(t);
    for (let round = 0; round < 5; round += 1) {
      const crowd = Array.from({ length: 300 }, () => connect(daemon.port, "127.0.0.1").on("error", () => {}));
      const client = new Client(connect(daemon.port, ELSEWHERE));
      client.write(`CONN ${UNSEEN}:${daemon.port}\n\n\nSTOP\n`);
      await once(client.socket, "data");
      client.reset();
      for (const socket of crowd) socket.destroy();
    }
    await isServed(daemon.port, echo.port);
    assert.doesNotMatch(daemon.log(), /stopping/);
  });

  test("devices= judges who has connected, not who carries it", async (t) => {
    const { daemon, ports } = await startNumbered(t, 3, ([tunnel, exposed, direct]) => {
      const lines = `[tunnel]\n${tunnel}=EXPOSE 127.0.0.1:${exposed}>127.0.0.1:1\n[direct]\n${direct}=${DEVICE}:${tunnel}\n`;
      return `[access]\ndevices=10.77.0.0/24\n${lines}`;
    });
    const [tunnel = 0, , direct = 0] = ports;
    const refused = async (client: Client): Promise<void> => {
      client.write(frame(LISTEN, 0));
      await until(() => client.ended || client.closed, "it to be turned away");
      client.destroy();
    };
    await refused(await openElsewhere(tunnel));
    for (const host of [DEVICE, "127.0.0.1", UNSEEN]) {
      const client = await greetedElsewhere(daemon.port);
      client.write(`CONN ${host}:${tunnel}\n`);
      assert.match(await client.line(), /^OK CONN /);
      await refused(client);
    }
    await refused(await openElsewhere(direct));
    const { client } = await greet(daemon.port);
    client.write("STAT JSON\n");
    const { tunnels } = JSON.parse(await client.line()) as { tunnels: { links: number }[] };
    assert.equal(tunnels[0]?.links, 0);
    client.destroy();
    const device = await openElsewhere(direct, DEVICE);
    device.write(frame(LISTEN, 0));
    await until(() => daemon.log().includes("the device listens"), "the device that may be one");
    device.destroy();
  });

  test("max-per-client counts connections for the client they are made for, however many the daemon makes itself", async (t) => {
    const { daemon, ports } = await startNumbered(t, 1, ([direct]) => {
      return `[access]\nmax-per-client=4\n[direct]\n${direct}=127.0.0.1:${echo.port}\n`;
    });
    const loops: Client[] = [];
    for (let count = 0; count < 2; count += 1) {
      const client = await greetedElsewhere(daemon.port);
      client.write(`CONN 127.0.0.1:${ports[0]}\nping`);
      assert.match(await client.line(), /^OK CONN /);
      assert.equal(await client.take(4), "ping");
      loops.push(client);
    }
    const surplus = await openElsewhere(daemon.port);
    assert.equal(await surplus.rest(), `ERR ACCESS ${ELSEWHERE} has 4 connections already ([access] max-per-client)\n`);
    surplus.destroy();
    await isServed(daemon.port, echo.port, `127.0.0.1:${ports[0]}`);
    for (const client of loops) client.destroy();
    await until(async () => {
      const again = await openElsewhere(daemon.port);
      const greeting = await again.line();
      again.destroy();
      return greeting.startsWith("OK ");
    }, "others to be let in again");
  });

  test("a thousand CONN lines in one connection cost one connection", async (t) => {
    const daemon = await startNamed(t);
    await isServed(daemon.port, echo.port);
    const atRest = await descriptorsAtRest(daemon);
    const client = await greetedElsewhere(daemon.port);
    client.write(`CONN 127.0.0.1:${daemon.port}\n`.repeat(1000));
    assert.equal(await client.rest(), `ERR CONN 127.0.0.1:${daemon.port}: ${ITSELF}\n`);
    assert.ok(descriptors(daemon) <= atRest + 2);
    client.destroy();
  });

  test("lines that lead to the daemon itself, or in a circle, are refused where that can be seen", async (t) => {
    const [one, two] = [await freePort(), await freePort()];
    for (const [text, message] of [
      [`[direct]\n${one}=127.0.0.1:2504`, `[direct] ${one}: 127.0.0.1:2504: ${ITSELF}`],
      [`[direct]\n${one}=${ELSEWHERE}:2504`, `[direct] ${one}: ${ELSEWHERE}:2504: ${ITSELF}`],
      [`[direct]\n${one}=127.0.0.1:${one}`, `[direct] ${one}: 127.0.0.1:${one} leads back to itself`],
      [
        `[direct]\n${one}=localhost:${two}\n[mux]\n${two}=${ELSEWHERE}:${one} PROT=echo`,
        `[mux] ${two}: ${ELSEWHERE}:${one} leads back to itself`,
      ],
      [`[device]\nserver=hub:1\nallow=127.0.0.1:2504`, `[device]: 127.0.0.1:2504: ${ITSELF}`],
    ] as const) {
      const { status, stderr } = check(text);
      assert.deepEqual([status, stderr], [1, `sockproxyd: ${message}\n`]);
    }
    assert.equal(check(`[direct]\n${one}=hub:2504\n${two}=127.0.0.1:${one}`).status, 0);
    const config = new ConfigFile();
    const daemon = await startNamed(t, "", config);
    config.write(`[direct]\n${one}=127.0.0.1:${daemon.port}\n`);
    const { client } = await greet(daemon.port);
    client.write("RELD\n");
    assert.equal(await client.line(), `ERR RELD [direct] ${one}: 127.0.0.1:${daemon.port}: ${ITSELF}`);
    client.destroy();
  });

  const circles: [string, (one: number, two: number) => string][] = [
    ["a [direct] line", (one) => `[direct]\n${one}=hub:${one}\n`],
    ["two [direct] lines", (one, two) => `[direct]\n${one}=hub:${two}\n${two}=hub:${one}\n`],
    ["a [mux] line", (one) => `[mux]\n${one}=hub:${one} PROT=raw MODE=broadcast\n`],
    [
      "a [mux] line and another",
      (one, two) => `[mux]\n${one}=hub:${two} PROT=raw MODE=broadcast\n${two}=hub:${one} PROT=raw MODE=broadcast\n`,
    ],
    [
      "a tunnel of its own",
      (one, two) =>
        `[tunnel]\n${two}=EXPOSE 127.0.0.1:${one}>hub:${one}\n[device]\nserver=127.0.0.1:${two}\nallow=hub:${one}\n`,
    ],
  ];
  for (const [what, text] of circles) {
    test(`${what} that leads back to itself by a name costs a few connections`, async (t) => {
      const { daemon, ports } = await startNumbered(t, 2, ([one = 0, two = 0]) => text(one, two));
      const [one = 0] = ports;
      await portAnswers(one);
      const client = await openElsewhere(one).catch(() => Client.open(one)); // what a tunnel exposes here is for this machine
      client.write("round and round");
      await until(() => daemon.log().includes(": leads back to itself"), "it to be seen");
      assert.ok(descriptors(daemon) < 60, `${descriptors(daemon)}`);
      client.destroy();
      await isServed(daemon.port, echo.port);
    });
  }

  test("eight ports may follow one another, nine may not", async (t) => {
    const { daemon, ports } = await startNumbered(t, 9, (ports) => {
      const lines = ports.map((port, index) => `${port}=127.0.0.1:${ports[index + 1] ?? echo.port}`);
      return `[access]\nmax-per-client=100\n[direct]\n${lines.join("\n")}\n`;
    });
    const [first = 0, second] = ports;
    await isServed(daemon.port, echo.port, `127.0.0.1:${second}`);
    const direct = await openElsewhere(first);
    direct.write("ping");
    assert.equal(await direct.take(4), "ping");
    direct.destroy();
    const { client } = await greet(daemon.port);
    client.write(`CONN 127.0.0.1:${first}\n`);
    await client.line();
    assert.equal(await client.rest(), "");
    const refusal = /rejected by direct port \d+: more than 8 ports of this daemon in a row/;
    await until(() => refusal.test(daemon.log()), "the log to tell");
    client.destroy();
  });

  test("a shared device is reached by CONN, too, from here and from elsewhere, and by clients= that has only those", async (t) => {
    const { daemon, ports } = await startNumbered(t, 2, ([mux, direct]) => {
      return (
        `[access]\nclients=${ELSEWHERE}\n` +
        `[mux]\n${mux}=127.0.0.1:${direct} PROT=raw MODE=broadcast\n[direct]\n${direct}=127.0.0.1:${echo.port}\n`
      );
    });
    await until(() => daemon.log().includes(`listening on *:${ports[0]}`), "the mux");
    const client = await greetedElsewhere(daemon.port);
    client.write(`CONN 127.0.0.1:${ports[0]}\nping`);
    assert.match(await client.line(), /^OK CONN /);
    assert.equal(await client.take(4), "ping");
    client.destroy();
  });

  test("a plugin of this machine whose port number one of the daemon's sockets has keeps all its rights", async (t) => {
    const { daemon, ports } = await startNumbered(t, 1, ([direct]) => `[direct]\n${direct}=127.0.0.1:${echo.port}\n`);
    const range = "/proc/sys/net/ipv4/ip_local_port_range";
    const before = readFileSync(range, "utf8");
    writeFileSync(range, "40000 40000"); // from now on everybody has the same one
    t.after(() => writeFileSync(range, before));
    const { client: relayed } = await greet(daemon.port, ELSEWHERE);
    relayed.write(`CONN 127.0.0.1:${ports[0]}\nping`); // by way of the direct port: 127.0.0.1:40000 to both
    await relayed.line();
    assert.equal(await relayed.take(4), "ping");
    const { client } = await greet(daemon.port);
    assert.equal(client.socket.localPort, 40_000);
    client.write("RELD\n");
    assert.equal(await client.line(), "OK RELD");
    client.destroy();
    relayed.destroy();
  });

  test("and then it ends", () => echo.stop());
}
