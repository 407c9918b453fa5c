import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type TcpNetConnectOpts } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { Certificates, type Pair } from "../../support/certificates.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { FakeLuup } from "../../support/luup.js";
import { Client, Device } from "../../support/net.js";
import { Openssl, openssl } from "../../support/openssl.js";
import { missing } from "../../support/peers.js";
import { quietFor, until } from "../../support/wait.js";
import { WatchCommand } from "../../support/watcher.js";

const MIB = 1_048_576;

describe("TLS clients", { skip: missing("openssl") }, () => {
  let files: Certificates;
  let authority: Pair;
  let server: Pair;
  let plugin: Pair;
  let device: Device;
  let luup: FakeLuup;
  let daemon: RunningDaemon;
  let conf: string;
  /** Ports with TLS: without and with a certificate of clients, with a monitor, of a shared device. */
  let ports: { open: number; strict: number; shown: number; mux: number };

  before(async () => {
    files = new Certificates();
    authority = files.make("authority");
    server = files.make("localhost", authority);
    plugin = files.make("plugin", authority);
    device = await Device.open();
    luup = await new FakeLuup().start();
    ports = { open: await freePort(), strict: await freePort(), shown: await freePort(), mux: await freePort() };
    conf = `${files.folder}/conf`;
    writeFileSync(conf, configuration());
    daemon = await startHere("-c", conf);
  });
  after(async () => {
    await daemon.stop();
    await luup.stop();
    device.close();
    files.remove();
  });

  function configuration(): string {
    const own = [`cert=${server.certificate}`, `key=${server.key}`];
    return [
      ...["[host]", "listen-tls=open", `vera=${luup.url}`],
      ...["[tls open]", ...own, "[tls strict]", ...own, `ca=${authority.certificate}`],
      ...["[direct open]", `listen=${ports.open}`, `target=127.0.0.1:${device.port}`, "listen-tls=open"],
      ...[
        "[direct shown]",
        `listen=${ports.shown}`,
        `target=127.0.0.1:${device.port}`,
        "listen-tls=open",
        "monitor=hex",
      ],
      ...["[direct strict]", `listen=${ports.strict}`, `target=127.0.0.1:${device.port}`, "listen-tls=strict"],
      ...[
        "[mux shared]",
        `listen=${ports.mux}`,
        `target=127.0.0.1:${device.port}`,
        "protocol=echo",
        "listen-tls=open",
        "",
      ],
    ].join("\n");
  }

  function options(port: number, by?: Pair): ConnectionOptions & TcpNetConnectOpts {
    const ca = readFileSync(authority.certificate);
    const own = by && { cert: readFileSync(by.certificate), key: readFileSync(by.key) };
    return { port, host: "127.0.0.1", servername: "localhost", ca, allowHalfOpen: true, ...own };
  }

  async function speak(t: TestContext, port: number, by?: Pair): Promise<Client> {
    const socket = connect(options(port, by));
    const client = new Client(socket);
    t.after(() => client.destroy());
    await once(socket, "secureConnect");
    return client;
  }

  /** The next client of the device that `begin` leads to. */
  async function reached(begin: () => Promise<Client>): Promise<{ client: Client; remote: Client }> {
    const { length } = device.clients;
    const client = await begin();
    return { client, remote: await device.client(length) };
  }

  async function status(t: TestContext): Promise<DaemonStatus> {
    const client = await speak(t, daemon.port);
    await client.line();
    client.write("STAT JSON\n");
    const reply = await client.line();
    client.destroy();
    return JSON.parse(reply) as DaemonStatus;
  }

  test("setup mode speaks TLS, and a notification goes out once its bytes are written", async (t) => {
    const client = await speak(t, daemon.port);
    assert.match(await client.line(), /^OK TOGGLEDBITS-SOCKPROXY 1 /);
    const { length } = device.clients;
    client.write(`CONN 127.0.0.1:${device.port} NTFY=5/urn:x/Act/tls RNTF=60\nearly`);
    assert.equal(await client.line(), "OK CONN tls");
    const remote = await device.client(length);
    assert.equal(await remote.take(5), "early");
    remote.write("for the plugin");
    await luup.received("tls", 1);
    assert.equal(await client.take(14), "for the plugin");
    remote.end();
    assert.equal(await client.rest(), "");
    client.end();
    await luup.received("tls", 2);
    assert.match(daemon.log(), /opened on proxy port \d+ \(TLSv1\.3\)/);
  });

  test("half-close passes, both ways", async (t) => {
    const { client, remote } = await reached(() => speak(t, ports.open));
    client.write("the question");
    client.end();
    assert.equal(await remote.rest(), "the question");
    remote.write("the answer");
    await client.take(10);
    remote.end();
    assert.equal(await client.rest(), "");
    const second = await reached(() => speak(t, ports.open));
    second.remote.write("all I have");
    second.remote.end();
    assert.equal(await second.client.rest(), "all I have");
    second.client.write("still here");
    await second.remote.take(10);
    second.client.end();
    await until(() => second.remote.ended, "its end");
  });

  test("a client that does not read has its device wait, and misses nothing", async (t) => {
    const { client, remote } = await reached(() => speak(t, ports.open));
    client.socket.removeAllListeners("data").pause();
    const bytes = Buffer.alloc(12 * MIB, "0123456789abcdef");
    remote.socket.write(bytes);
    remote.end();
    await quietFor(100);
    assert.ok(remote.socket.writableLength > MIB, "the device would have sent everything");
    const [sent, received] = [createHash("sha256").update(bytes).digest("hex"), createHash("sha256")];
    client.socket.on("data", (chunk: Buffer) => received.update(chunk)).resume();
    await client.rest();
    assert.equal(received.digest("hex"), sent);
  });

  test("a shared device serves TLS clients, and the monitor shows their bytes in clear", async (t) => {
    const { client, remote } = await reached(async () => {
      const one = await speak(t, ports.mux);
      one.write("question\n");
      return one;
    });
    assert.equal(await remote.line(), "question");
    remote.write("question\n");
    assert.equal(await client.line(), "question");
    let shown = "";
    daemon.stdout.on("data", (chunk: Buffer) => {
      shown += chunk.toString();
    });
    const monitored = await reached(() => speak(t, ports.shown));
    monitored.client.write("clear text");
    await monitored.remote.take(10);
    await until(() => shown.includes("clear text"), "the monitor to show it");
  });

  test("sockproxyd watch speaks TLS to the proxy's port, and does not show messages to a stranger", async (t) => {
    const stranger = new WatchCommand(t, `127.0.0.1:${daemon.port}`, "--tls");
    await stranger.errors.says(/TLS: .*certificate/);
    const watcher = new WatchCommand(t, `127.0.0.1:${daemon.port}`, "--ca", authority.certificate);
    await until(async () => (await status(t)).monitor.watchers === 1, "it to watch");
    const { client, remote } = await reached(() => speak(t, ports.open));
    client.write("shown to the watcher");
    await remote.take(20);
    await watcher.output.says(/shown to the wat/);
  });

  test("fifty clients at once are served", async (t) => {
    const before = device.clients.length;
    const clients = await Promise.all(Array.from({ length: 50 }, () => speak(t, ports.open)));
    await until(() => device.clients.length === before + 50, "all of them at the device");
    for (const client of clients) client.destroy();
  });

  test("where the identity has an authority, a client shows a certificate of it", async (t) => {
    const { length } = device.clients;
    const good = new Openssl(t, [
      ...["s_client", "-connect", `127.0.0.1:${ports.strict}`, "-quiet", "-CAfile", authority.certificate],
      ...["-cert", plugin.certificate, "-key", plugin.key],
    ]);
    good.write("hello\n");
    const remote = await device.client(length);
    assert.equal(await remote.line(), "hello");
    remote.write("hello back\n");
    await good.says("hello back");
    assert.match(daemon.log(), /opened on direct strict \(port \d+\) \(TLSv1\.3, plugin\)/);
  });

  const REFUSED: readonly [string, (() => Pair) | undefined, RegExp][] = [
    ["no certificate", undefined, /peer did not return a certificate/],
    ["a certificate of another authority", () => files.make("stranger"), /its certificate is not good \(/],
    ["an expired certificate", () => expired(), /its certificate is not good \(CERT_HAS_EXPIRED\)/],
  ];
  for (const [name, make, reason] of REFUSED) {
    test(`${name} is refused, with one line in the log`, async (t) => {
      const { length } = device.clients;
      const from = nextAddress();
      const socket = connect(Object.assign(options(ports.strict, make?.()), { localAddress: from }));
      const client = new Client(socket);
      t.after(() => client.destroy());
      await until(() => client.ended || client.closed, "it to be closed");
      const rejected = new RegExp(`${from} > -\\] rejected by direct strict \\(port \\d+\\): TLS: .*`, "g");
      await until(() => daemon.log().match(rejected) !== null, "a line in the log");
      const [line = "", ...more] = daemon.log().match(rejected) ?? [];
      assert.match(line, reason);
      assert.deepEqual([more, device.clients.length], [[], length]);
    });
  }

  test("a client that speaks no TLS is refused, with one line in the log", async (t) => {
    const from = nextAddress();
    const client = new Client(connectTcp({ port: ports.open, host: "127.0.0.1", localAddress: from }));
    t.after(() => client.destroy());
    client.write("GET / HTTP/1.1\r\nHost: box\r\n\r\n");
    await until(() => client.closed, "it to be closed");
    await until(() => daemon.log().includes(`${from} > -] rejected by`), "a line in the log");
    assert.match(daemon.log(), /rejected by direct open \(port \d+\): TLS: it speaks no TLS \(http request\)/);
  });

  test("STAT JSON names the identity of a port, and the version that a client speaks", async (t) => {
    const { listeners, connections } = await status(t);
    const tls = listeners.map((listener) => listener.tls);
    assert.deepEqual(tls, ["open", "open", "open", "strict", "open"]);
    assert.equal([...connections].at(-1)?.clientTls, "TLSv1.3");
    assert.match(daemon.log(), /listening on \*:\d+ \(direct open over TLS for 127\.0\.0\.1:\d+\)/);
  });

  test("a reload serves a renewed certificate, and refuses a file that is none", async (t) => {
    const before = await speak(t, ports.open);
    const renewed = files.make("renewed", authority);
    const old = readFileSync(server.certificate);
    writeFileSync(
      conf,
      configuration().replaceAll(server.certificate, renewed.certificate).replaceAll(server.key, renewed.key),
    );
    assert.equal(await reloadByTls(t), "OK RELD");
    const socket = connect({ ...options(ports.open), servername: "renewed" });
    t.after(() => socket.destroy());
    await once(socket, "secureConnect");
    assert.equal(socket.getPeerCertificate().subject.CN, "renewed");
    assert.equal(before.closed, false);
    writeFileSync(renewed.certificate, "no certificate");
    assert.match(
      await reloadByTls(t),
      /^ERR RELD .*\[tls open\]: TLS: .*renewed\.pem cannot be used: it holds no cert/,
    );
    writeFileSync(server.certificate, old);
  });

  test("a certificate whose time is over is warned of, at the start and by a reload", async (t) => {
    const late = expired();
    writeFileSync(conf, `${configuration()}[tls late]\ncert=${late.certificate}\nkey=${late.key}\n`);
    assert.equal(await reloadByTls(t), "OK RELD");
    assert.match(daemon.log(), /WARN {2}\[tls late\]: the certificate in .*expired\.pem has expired on /);
  });

  /** RELD, said over TLS; the certificate may be any of the authority. */
  async function reloadByTls(t: TestContext): Promise<string> {
    const socket = connect({ ...options(daemon.port), checkServerIdentity: () => undefined });
    const client = new Client(socket);
    t.after(() => client.destroy());
    await client.line();
    client.write("RELD\n");
    return client.line();
  }

  /** A certificate of the authority that was good yesterday. */
  function expired(): Pair {
    const made = { certificate: `${files.folder}/expired.pem`, key: `${files.folder}/expired.key` };
    const request = `${files.folder}/expired.csr`;
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=late", "-keyout", made.key, "-out", request);
    const by = ["-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"];
    openssl("x509", "-req", "-in", request, ...by, "-days", "-1", "-out", made.certificate);
    return made;
  }
});

let addresses = 1;
/** An address of its own for each client that is rejected: the log mentions each address once a minute. */
function nextAddress(): string {
  addresses += 1;
  return `127.0.0.${addresses}`;
}
