import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { Certificates } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import type { DaemonProcess } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { Hook } from "../../support/hook.js";
import { FakeLuup } from "../../support/luup.js";
import { NameServer, type RecordType, type Reply } from "../../support/name-server.js";
import { Client, Device, greet } from "../../support/net.js";
import { mayMount, startWithNames } from "../../support/resolv-conf.js";
import { pause, until } from "../../support/wait.js";

const SKIP = { skip: !mayMount && "not permitted to mount" };
const HERE = { addresses: ["127.0.0.1"] };
/**
 * A daemon that waits for a silent server has asked it so often, however busy the machine is: at once, after 1 s and 3 s, and by the system after
 * 1 s.
 */
const ROUNDS = 4;
const LATE_MS = 1300;
const TOO_LATE_MS = 3500;

/** Sends a CONN; returns the reply and how long it took, in milliseconds. */
async function connect(daemon: DaemonProcess, target: string): Promise<readonly [reply: string, ms: number]> {
  const { client } = await greet(daemon.port);
  const since = performance.now();
  client.write(`CONN ${target}\n`);
  const reply = await client.line();
  client.destroy();
  return [reply, performance.now() - since];
}

/** What a name server does, and a connection is there soon all the same. */
const STORIES: Readonly<Record<string, Partial<Record<RecordType, Reply>>>> = {
  "aaaa-never": { A: HERE, AAAA: "silence" },
  "aaaa-late": { A: HERE, AAAA: { addresses: ["::1"], afterMs: TOO_LATE_MS } },
  "aaaa-refused": { A: HERE, AAAA: "REFUSED" },
  "aaaa-servfail": { A: HERE, AAAA: "SERVFAIL" },
  "aaaa-nxdomain": { A: HERE, AAAA: "NXDOMAIN" },
  "aaaa-unreachable": { A: { ...HERE, afterMs: LATE_MS }, AAAA: { addresses: ["2001:db8::1"] } },
  "a-late": { A: { ...HERE, afterMs: LATE_MS } },
  "a-late-aaaa-never": { A: { ...HERE, afterMs: LATE_MS }, AAAA: "silence" },
  "a-refuses-aaaa-late": { A: { addresses: ["127.0.0.99"] }, AAAA: { addresses: ["::1"], afterMs: LATE_MS } },
  "a-truncated": { A: { ...HERE, truncated: true } },
  // the server answers once on a TCP connection
  "both-truncated": { A: { ...HERE, truncated: true }, AAAA: { addresses: ["fd00::dead"], truncated: true } },
  "a-dead-first": { A: { addresses: ["127.0.0.99", "127.0.0.1"] } },
};

describe("a name server that behaves badly", { ...SKIP, concurrency: true }, () => {
  let server: NameServer;
  let daemon: DaemonProcess;
  let device: Device;
  let six: Device;

  before(async () => {
    server = await NameServer.open("127.0.53.1");
    device = await Device.open();
    six = await Device.open("::1", device.port);
    daemon = await startWithNames("nameserver 127.0.53.1\nsearch lan.test\n", "-a", "127.0.0.1", "-L", "-");
  });
  after(async () => {
    await daemon.stop();
    device.close();
    six.close();
    server.close();
  });

  for (const [name, records] of Object.entries(STORIES)) {
    test(`${name}: connected without waiting for what does not come`, async () => {
      server.names.set(`${name}.test`, records);
      const [reply] = await connect(daemon, `${name}.test:${device.port}`);
      assert.match(reply, /^OK CONN /);
      assert.ok(server.count(`AAAA ${name}.test`) < ROUNDS, "it waits for an answer to AAAA");
    });
  }

  test("the system finds a single word by its search domain, though AAAA is never answered", async () => {
    server.names.set("hub.lan.test", { A: HERE, AAAA: "silence" });
    const [reply] = await connect(daemon, `hub:${device.port}`);
    assert.match(reply, /^OK CONN /);
    assert.ok(server.count("AAAA hub.lan.test") < ROUNDS, "it waits for an answer to AAAA");
  });

  test("names that nobody knows, and names without an answer", async () => {
    server.names.set("dead.test", { A: "silence", AAAA: "silence" });
    server.names.set("gone.test", { A: "NXDOMAIN", AAAA: "NXDOMAIN" });
    const [[dead], [gone]] = await Promise.all([
      connect(daemon, "dead.test:5 CTIM=800"),
      connect(daemon, "gone.test:5"),
    ]);
    assert.match(dead, /: timed out after 800 ms \(no address of dead\.test is known yet\)$/);
    assert.match(gone, /: unknown host$/);
  });

  test("a device with another address is found within a second, though the time of the old one is not over", async () => {
    const ask = (): ReturnType<typeof connect> => connect(daemon, `moved.test:${device.port}`);
    server.names.set("moved.test", { A: { addresses: ["127.0.0.99"], ttl: 3600 } });
    assert.match((await ask())[0], /: connection refused$/);
    server.names.set("moved.test", { A: { ...HERE, ttl: 3600 } });
    await until(async () => (await ask())[0].startsWith("OK CONN"), "the new address", 10_000);
    const before = server.count("A moved.test");
    assert.match((await ask())[0], /^OK CONN/);
    assert.equal(server.count("A moved.test"), before, "it is kept now");
  });
});

test(
  "servers that are silent: the next one is asked; old addresses are used on; nothing holds up the end",
  SKIP,
  async (t) => {
    const [first, second] = await Promise.all(["127.0.53.2", "127.0.53.3"].map((each) => NameServer.open(each)));
    assert.ok(first !== undefined && second !== undefined);
    t.after(() => {
      first.close();
      second.close();
    });
    const device = await Device.open();
    t.after(() => device.close());
    first.isSilent = true;
    second.names.set("hub.test", { A: { ...HERE, ttl: 0 } });
    const servers = "nameserver 127.0.53.2\nnameserver 127.0.53.3\n";
    const daemon = await startWithNames(servers, "-a", "127.0.0.1", "-L", "-");
    t.after(() => daemon.discard());
    const target = `hub.test:${device.port}`;
    const [reply, ms] = await connect(daemon, target);
    assert.match(reply, /^OK CONN /);
    assert.ok(ms > 250, `${ms} ms`);
    assert.ok(first.count("A hub.test") < ROUNDS, "it waits for the silent server");
    second.isSilent = true;
    await pause(1000); // its time
    for (let count = 0; count < 3; count += 1) assert.match((await connect(daemon, target))[0], /^OK CONN /);
    assert.equal(daemon.log().match(/WARN .* is used on \(stale, since /g)?.length, 1);
    second.isSilent = false;
    await until(async () => {
      await connect(daemon, target);
      return daemon.log().includes("name hub.test: fresh again: 127.0.0.1");
    }, "the servers to be heard");
    second.isSilent = true;
    const clients = await Promise.all(Array.from({ length: 12 }, () => greet(daemon.port)));
    for (const [index, { client }] of clients.entries()) client.write(`CONN dead${index}.local:5\n`);
    await until(() => second.count("A dead0.local") > 1, "the system to ask");
    assert.match((await connect(daemon, target))[0], /^OK CONN /);
    const since = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - since < 15_000); // the system waits 20 s for two silent servers
  },
);

test("all that connects to a name does so without an answer for AAAA", SKIP, async (t) => {
  const server = await NameServer.open("127.0.53.4");
  server.otherwise = { A: HERE, AAAA: "silence" };
  t.after(() => server.close());
  const [device, tunnel, luup, hook] = [await Device.open(), await Device.open(), new FakeLuup(), await Hook.open(t)];
  await luup.start();
  t.after(() => {
    device.close();
    tunnel.close();
    void luup.stop();
  });
  const ports = { direct: await freePort(), mux: await freePort(), down: await freePort(), nobody: await freePort() };
  const config = new ConfigFile(`[host]
vera=${luup.url.replace("127.0.0.1", "engine.test")}
[alert]
url=http://hook.test:${hook.port}/
[direct]
${ports.direct}=device.test:${device.port}
${ports.down}=device.test:${ports.nobody},device.test:${ports.nobody + 1} HLTH=60
[mux]
${ports.mux}=device.test:${device.port} PROT=echo
[device]
server=tunnel.test:${tunnel.port}
`);
  const since = performance.now();
  const daemon = await startWithNames("nameserver 127.0.53.4\n", "-a", "127.0.0.1", "-L", "-", "-c", config.path);
  t.after(() => daemon.discard());
  const startMs = performance.now() - since;
  const { client } = await greet(daemon.port);
  client.write(`CONN device.test:${device.port} NTFY=7\n`);
  assert.match(await client.line(), /^OK CONN /);
  (await device.client()).write("hello");
  const direct = await Client.open(ports.direct);
  const mux = await Client.open(ports.mux);
  mux.write("ask\n");
  await until(() => device.clients.length >= 3, "the lines", 10_000);
  await until(() => tunnel.clients.length > 0, "the link of the tunnel", 10_000);
  await until(() => luup.arrivals.length > 0, "the notification", 10_000);
  await until(() => hook.posts.length > 0, "the alert", 10_000);
  const udp = createSocket("udp4");
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  t.after(() => udp.close());
  const datagram = once(udp, "message");
  const overUdp = await greet(daemon.port);
  overUdp.client.write(`CONN udp.test:${udp.address().port} PRTO=udp\nhello`);
  await datagram;
  const certificates = new Certificates();
  const pair = certificates.make("box.test");
  const box = createTlsServer({ key: readFileSync(pair.key), cert: readFileSync(pair.certificate) });
  certificates.remove();
  box.listen(0, "127.0.0.1");
  await once(box, "listening");
  t.after(() => box.close());
  const [reply] = await connect(daemon, `box.test:${(box.address() as AddressInfo).port} PRTO=tls TLSV=0`);
  assert.match(reply, /^OK CONN /);
  for (const each of [client, direct, mux, overUdp.client]) each.destroy();
  const ms = performance.now() - since - startMs;
  assert.ok(ms < 10_000, `all of it took ${ms} ms`);
});
