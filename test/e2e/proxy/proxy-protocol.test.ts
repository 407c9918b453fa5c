import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { type Endpoints, proxyHeader } from "#src/core/net/proxy-protocol.js";
import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { Certificates, type Pair } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { until } from "../../support/wait.js";

const CLIENT = { host: "192.0.2.7", port: 40_001 };
const ENDS: Endpoints = { from: CLIENT, to: { host: "198.51.100.1", port: 9000 } };
const HEADER = proxyHeader("v1", ENDS);

describe("PROXY protocol", () => {
  let device: Device;
  let daemon: RunningDaemon;
  let ports: Record<"plain" | "mux" | "told" | "tls" | "web" | "loop" | "raw" | "round" | "others", number>;
  let around: number;
  let files: Certificates;
  let pair: Pair;

  before(async () => {
    device = await Device.open();
    files = new Certificates();
    pair = files.make("localhost");
    const free = async () => freePort();
    ports = {
      ...{ plain: await free(), mux: await free(), told: await free() },
      ...{ tls: await free(), web: await free(), loop: await free() },
      ...{ raw: await free(), round: await free(), others: await free() },
    };
    around = await free();
    const target = `target=127.0.0.1:${device.port}`;
    const trusted = "proxy-protocol=127.0.0.0/8";
    const config = new ConfigFile(
      [
        ...[
          "[host]",
          "ip=127.0.0.1",
          trusted,
          "[web]",
          `port=${ports.web}`,
          trusted,
          "user=eve",
          "password=x",
          "trusted-proxy=127.0.0.1, 192.0.2.7",
        ],
        ...["[access]", "clients=127.0.0.1, 192.0.2.0/24, 2001:db8::/32", "stop=local"],
        ...["[tls own]", `cert=${pair.certificate}`, `key=${pair.key}`],
        ...["[direct plain]", `listen=${ports.plain}`, target, trusted],
        ...["[direct tls]", `listen=${ports.tls}`, target, trusted, "listen-tls=own"],
        ...["[direct told]", `listen=${ports.told}`, target, trusted, "send-proxy=v2"],
        ...["[direct loop]", `listen=${ports.loop}`, `target=127.0.0.1:${ports.plain}`, "send-proxy=v1"],
        ...["[direct others]", `listen=${ports.others}`, target, "proxy-protocol=10.0.0.0/8, ::1"],
        ...["[direct raw]", `listen=${ports.raw}`, `target=127.0.0.1:${ports.plain}`],
        ...["[direct round]", `listen=${ports.round}`, `target=127.0.0.1:${around}`, trusted],
        ...["[mux shared]", `listen=${ports.mux}`, target, "protocol=echo", trusted, "send-proxy=v2", ""],
      ].join("\n"),
    );
    daemon = await startHere("-c", config.path);
  });
  after(async () => {
    await daemon.stop();
    device.close();
    files.remove();
  });

  async function reached(port: number, first: Buffer | string): Promise<{ client: Client; remote: Client }> {
    const { length } = device.clients;
    const client = await Client.open(port);
    client.write(first);
    return { client, remote: await device.client(length) };
  }

  async function status(): Promise<DaemonStatus> {
    const client = await Client.open(daemon.port);
    client.write(`${proxyHeader("v2", undefined).toString("latin1")}STAT JSON\n`);
    await client.line();
    const reply = await client.line();
    client.destroy();
    return JSON.parse(reply) as DaemonStatus;
  }

  test("the client of the header stands in STAT and log, and what is behind the header is for the remote", async () => {
    const { client, remote } = await reached(
      ports.plain,
      Buffer.concat([HEADER, Buffer.from("PROXY is what I say\n")]),
    );
    assert.equal(await remote.line(), "PROXY is what I say");
    const shown = (await status()).connections.find((each) => each.client === CLIENT.host);
    assert.equal(shown?.clientPort, CLIENT.port);
    assert.match(daemon.log(), /\[\S+ 192\.0\.2\.7:40001 > \S+\] opened on direct plain/);
    remote.write("an answer");
    assert.equal(await client.take(9), "an answer");
    client.end();
    await remote.rest();
    remote.end();
    assert.equal(await client.rest(), "");
  });

  test("a header in single bytes, of v2 with IPv6, behind which the client is silent", async () => {
    const { length } = device.clients;
    const client = await Client.open(ports.plain);
    const v6 = { host: "2001:db8::7", port: 7 };
    for (const byte of proxyHeader("v2", { from: v6, to: v6 })) {
      client.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    const remote = await device.client(length);
    remote.write("hello");
    assert.equal(await client.take(5), "hello");
    assert.match(daemon.log(), / \[2001:db8::7\]:7 > /);
    client.destroy();
  });

  test("from anywhere else no header is read: it is just bytes", async () => {
    const { client, remote } = await reached(ports.others, HEADER);
    assert.equal(await remote.take(HEADER.length), HEADER.toString());
    client.destroy();
  });

  test("who is not in the list of clients is rejected by the address that the header names", async () => {
    const client = await Client.open(ports.plain);
    client.write("PROXY TCP4 203.0.113.9 127.0.0.1 5 6\r\n");
    await client.rest();
    assert.match(daemon.log(), /\[- 203\.0\.113\.9 > -\] rejected by direct plain .*may not connect/);
  });

  test("a connection without a header, or with a bad one, is closed, and the log says why", async () => {
    const cases: [port: number, bytes: string, reason: string][] = [
      [ports.mux, "hello, device\r\n\r\n\r\n", "it began with something else than a PROXY header (proxy-protocol)"],
      [
        ports.told,
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 70000\r\n",
        "the PROXY header has a port that is none (proxy-protocol)",
      ],
    ];
    const { length } = device.clients;
    for (const [port, bytes, reason] of cases) {
      const client = await Client.open(port);
      client.write(bytes);
      await until(() => client.closed || client.ended, "its end");
      assert.ok(daemon.log().includes(`: ${reason}\n`), reason);
    }
    assert.equal(device.clients.length, length);
  });

  test("a client that claims to be this machine has none of its rights", async () => {
    const here = { host: "127.0.0.1", port: 5555 };
    for (const header of [{ from: here, to: here }, undefined]) {
      const client = await Client.open(daemon.port);
      client.write(`${proxyHeader("v1", header).toString()}STOP\n`);
      assert.match(await client.line(), /^OK TOGGLEDBITS/);
      assert.match(await client.line(), /^ERR STOP not from another machine/);
      client.destroy();
    }
    const request = Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    const reader = await Client.open(ports.web);
    reader.write(Buffer.concat([proxyHeader("v2", { from: here, to: here }), request]));
    assert.equal(await reader.line(), "HTTP/1.1 401 Unauthorized\r");
    reader.destroy();
    for (const header of [proxyHeader("v2", { from: here, to: here }), proxyHeader("v2", undefined), HEADER]) {
      const forwarded = await Client.open(ports.web);
      const asks = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n";
      forwarded.write(Buffer.concat([header, Buffer.from(asks)]));
      assert.equal(await forwarded.line(), "HTTP/1.1 401 Unauthorized\r", "nor a trusted proxy");
      forwarded.destroy();
    }
  });

  test("the web page takes a header, and requests behind it in parts", async () => {
    const reader = await Client.open(ports.web);
    reader.write(Buffer.concat([HEADER, Buffer.from("GET /healthz HT")]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const login = Buffer.from("eve:x").toString("base64");
    reader.write(`TP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${login}\r\n\r\n`);
    assert.match(await reader.line(), /^HTTP\/1\.1 (200|503) /);
    reader.destroy();
  });

  test("the header stands in front of TLS", { skip: missing("openssl") }, async () => {
    const { length } = device.clients;
    const tcp = connectTcp(ports.tls, "127.0.0.1");
    await once(tcp, "connect");
    tcp.write(HEADER);
    const socket = connect({ socket: tcp, servername: "localhost", ca: readFileSync(pair.certificate) });
    const client = new Client(socket);
    client.write("over TLS");
    const remote = await device.client(length);
    assert.equal(await remote.take(8), "over TLS");
    assert.match(daemon.log(), /192\.0\.2\.7:40001 > \S+\] opened on direct tls \(port \d+\) \(TLSv1/);
    client.destroy();
  });

  test("a line with send-proxy tells its server the client that it was told, and CONN the one that it sees", async () => {
    const { client, remote } = await reached(ports.told, HEADER);
    assert.equal(await remote.take(28), proxyHeader("v2", ENDS).toString("latin1"));
    client.destroy();
    const { length } = device.clients;
    const plugin = await Client.open(daemon.port);
    plugin.write(`${HEADER.toString()}CONN 127.0.0.1:${device.port} SPRX=v1\n`);
    await plugin.line();
    assert.match(await plugin.line(), /^OK CONN/);
    assert.equal(await (await device.client(length)).line(), HEADER.toString().replace("\n", ""));
    plugin.destroy();
  });

  test("a link to a shared device says that it is our own", async () => {
    const { client, remote } = await reached(ports.mux, Buffer.concat([HEADER, Buffer.from("ask\n")]));
    assert.equal(await remote.take(16), proxyHeader("v2", undefined).toString("latin1"));
    client.destroy();
  });

  test("through another line of the daemon the first client stays who it is, whatever its bytes say", async () => {
    const { client, remote } = await reached(ports.loop, "");
    remote.write("there");
    await client.take(5);
    const own = client.socket.localPort;
    const shown = (await status()).connections.filter(({ clientPort }) => clientPort === own);
    assert.equal(shown.length, 2, "on both lines");
    client.destroy();
    const named = async () => (await status()).connections.filter((each) => each.client === CLIENT.host);
    const before = new Set((await named()).map(({ id }) => id));
    const forged = await reached(ports.raw, Buffer.concat([HEADER, Buffer.from("x")]));
    assert.equal(await forged.remote.take(1), "x");
    assert.deepEqual(
      (await named()).filter(({ id }) => !before.has(id)),
      [],
    );
    forged.client.destroy();
  });

  test("a loop through a proxy is found by what the proxy says of its client", async () => {
    const proxy = createServer((socket) => {
      const { remoteAddress: host = "", remotePort: port = 0 } = socket;
      const way = connectTcp(ports.round, "127.0.0.1");
      way.write(proxyHeader("v2", { from: { host, port }, to: { host, port } }));
      socket.pipe(way).pipe(socket);
      for (const each of [socket, way]) each.on("error", () => {});
    });
    proxy.listen(around, "127.0.0.1");
    await once(proxy, "listening");
    const client = await Client.open(ports.round);
    client.write(HEADER);
    await until(() => daemon.log().includes("leads back to itself"), "the loop to be found");
    client.destroy();
    proxy.close();
  });
});
