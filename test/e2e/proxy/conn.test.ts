import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { type DaemonProcess, startDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { FakeLuup } from "../../support/luup.js";
import { Client, Device, greet, relayed } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { pause, quietFor, until } from "../../support/wait.js";

let daemon: DaemonProcess;
let luup: FakeLuup;
before(async () => {
  luup = await new FakeLuup().start();
  daemon = await startDaemon("-N", luup.url);
});
after(async () => {
  await daemon.stop();
  await luup.stop();
});

/** The reply to a failing CONN line, and its time in milliseconds. */
async function refused(line: string): Promise<{ answer: string; ms: number }> {
  const { client } = await greet(daemon.port);
  const since = performance.now();
  client.write(`${line}\n`);
  const answer = await client.rest();
  client.destroy();
  return { answer, ms: performance.now() - since };
}

test("CONN is answered with the pid that notifications will carry", async () => {
  const device = await Device.open();
  const { client, pid } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${device.port}\n`);
  assert.equal(await client.line(), `OK CONN ${pid}`);
  const named = await greet(daemon.port);
  named.client.write(`conn 127.0.0.1:${device.port} ntfy=5/urn:x/Act/my-pid\n`);
  assert.equal(await named.client.line(), "OK CONN my-pid");
  const own = await greet(daemon.port);
  own.client.write(`CONN 127.0.0.1:${device.port} NTFY=5\n`);
  assert.equal(await own.client.line(), `OK CONN ${own.pid}`);
  for (const each of [client, named.client, own.client]) each.destroy();
  device.close();
});

test("bytes behind the CONN line belong to the remote, in order, also those sent while it is dialled", async () => {
  const device = await Device.open();
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${device.port}\nfirst\r\n\0`);
  for (let n = 0; n < 100; n += 1) client.write(`${n},`);
  const remote = await device.client();
  const expected = `first\r\n\0${Array.from({ length: 100 }, (_, n) => `${n},`).join("")}`;
  assert.equal(await remote.take(expected.length), expected);
  client.destroy();
  device.close();
});

test("a remote that speaks first is heard after the reply", async () => {
  const device = await Device.open();
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${device.port}\n`);
  (await device.client()).write("220 ready\r\n");
  assert.match(await client.line(), /^OK CONN /);
  assert.equal(await client.line(), "220 ready\r");
  client.destroy();
  device.close();
});

test("names and IPv6 remotes are connected; of a name both families are tried", async () => {
  const six = await Device.open("::1");
  const four = await Device.open("127.0.0.1");
  for (const [target, device] of [
    [`[::1]:${six.port}`, six],
    [`localhost:${four.port}`, four],
  ] as const) {
    const { client } = await greet(daemon.port);
    client.write(`CONN ${target}\n`);
    assert.match(await client.line(), /^OK CONN /);
    (await device.client()).write("x\n");
    assert.equal(await client.line(), "x");
    client.destroy();
    device.close();
  }
});

test("a failed dial gets ERR CONN with the reason", async () => {
  assert.match((await refused(`CONN 127.0.0.1:${await freePort()}`)).answer, /^ERR CONN [^\n]*connection refused\n$/);
  assert.match(
    (await refused("CONN no-such-host.invalid:1")).answer,
    /^ERR CONN [^\n]*(unknown host|timed out)[^\n]*\n$/,
  );
});

test("a wrong line is refused, and nothing is dialled", async () => {
  const device = await Device.open();
  for (const wrong of ["FOO=1", "RTIM=x", "BLKS=-1", "PACE=-1", "NTFY=x", "PRTO=ftp"]) {
    assert.match((await refused(`CONN 127.0.0.1:${device.port} ${wrong}`)).answer, /^ERR CONN [^\n]+\n$/);
  }
  for (const target of ["127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1", "bad_host!:1"]) {
    assert.match((await refused(`CONN ${target}`)).answer, /^ERR CONN bad [^\n]+\n$/);
  }
  await quietFor(50);
  assert.equal(device.clients.length, 0);
  device.close();
});

test("a dial that gets no answer ends after 4 s, or CTIM, and holds up nobody", async () => {
  // a stopped program with a full accept queue: the kernel lets further connections wait
  const source =
    "require('node:net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})";
  const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const port = Number(text.toString());
    child.kill("SIGSTOP");
    const fillers = Array.from({ length: 8 }, () => Client.open(port));
    for (const filler of fillers) filler.catch(() => {});
    await pause(200);
    const slow = refused(`CONN 127.0.0.1:${port}`);
    const quick = await refused(`CONN 127.0.0.1:${port} CTIM=300`);
    assert.match(quick.answer, /^ERR CONN [^\n]*timed out after 300 ms\n$/);
    assert.ok(quick.ms >= 290, String(quick.ms));
    const device = await Device.open();
    const { client } = await relayed(daemon.port, device);
    client.destroy();
    device.close();
    const { answer, ms } = await slow;
    assert.match(answer, /^ERR CONN [^\n]*timed out after 4000 ms\n$/);
    assert.ok(ms >= 3900, String(ms));
  } finally {
    child.kill("SIGKILL");
  }
});

test("a client that leaves while its remote is dialled ends the dial", async () => {
  const device = await Device.open(); // takes the connection, but never answers the handshake
  const { client, pid } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${device.port} PRTO=tls CTIM=60000\n`);
  const remote = await device.client();
  assert.equal((await stat()).find((row) => row.id === pid)?.phase, "dialing");
  client.reset();
  await until(() => remote.ended || remote.closed, "the dial to be given up");
  await until(async () => !(await stat()).some((row) => row.id === pid), "the connection to be gone");
  device.close();
});

test("RTRY: a device that is rebooting is waited for; the client's early bytes reach it", async () => {
  const port = await freePort();
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${port} RTRY=0.1 CTIM=30000\nGET`);
  await pause(350); // some attempts are refused
  assert.deepEqual([client.bytes.length, client.ended], [0, false]);
  const device = await Device.open("127.0.0.1", port);
  assert.match(await client.line(), /^OK CONN /);
  const remote = await device.client();
  assert.equal(await remote.take(3), "GET");
  client.destroy();
  device.close();
});

test("RTRY: the answer comes within CTIM, with the last reason; what no waiting mends comes at once", async () => {
  const { answer, ms } = await refused(`CONN 127.0.0.1:${await freePort()} RTRY=0.1 CTIM=600`);
  assert.match(answer, /^ERR CONN 127\.0\.0\.1:\d+: connection refused\n$/);
  assert.ok(ms >= 400, String(ms));
  const denied = await refused(`CONN 127.0.0.1:${daemon.port} RTRY=0.1 CTIM=30000`);
  assert.match(denied.answer, /that is this daemon itself/);
  assert.ok(denied.ms < 10_000, String(denied.ms));
});

test("RTRY: a client that leaves while its device is away ends the dial", async () => {
  const port = await freePort();
  const { client, pid } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${port} RTRY=0.1 CTIM=60000\n`);
  await until(async () => (await stat()).some((row) => row.id === pid), "the dial");
  client.reset();
  await until(async () => !(await stat()).some((row) => row.id === pid), "the connection to be gone");
  const device = await Device.open("127.0.0.1", port);
  await quietFor(300);
  assert.equal(device.clients.length, 0);
  device.close();
});

test("a client that has closed its side before its remote is connected is served all the same", async () => {
  const port = await freePort();
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${port}\nGET`);
  client.end();
  assert.match(await client.rest(), /^ERR CONN /);
  const device = await Device.open();
  const other = await greet(daemon.port);
  other.client.write(`CONN 127.0.0.1:${device.port}\nGET`);
  other.client.end();
  const remote = await device.client();
  assert.equal(await remote.rest(), "GET");
  remote.write("200");
  remote.end();
  assert.match(await other.client.rest(), /^OK CONN \w+\n200$/);
  device.close();
});

/** The connections as STAT JSON tells them. */
async function stat(): Promise<
  { id: string; phase: string; options?: Record<string, unknown>; [key: string]: unknown }[]
> {
  const { client } = await greet(daemon.port);
  client.write("STAT JSON\n");
  const status = JSON.parse(await client.line());
  client.destroy();
  return status.connections;
}

test("STAT JSON shows options, bytes, idle times and notifications of a connection", async () => {
  const device = await Device.open();
  const { client, remote } = await relayed(daemon.port, device, "NTFY=7/urn:s/Act/json RTIM=60000 PACE=2.5 BLKS=100");
  client.write("12345");
  await remote.take(5);
  remote.write("123");
  await client.take(3);
  await luup.received("json", 1);
  await until(
    async () => (await stat()).some((row) => JSON.stringify(row["notify"] ?? "").includes("delivered")),
    "delivery",
  );
  const row = (await stat()).find((candidate) => JSON.stringify(candidate).includes("json"));
  assert.ok(row);
  assert.equal(row.phase, "echo");
  assert.equal(row["received"], 3);
  assert.equal(row["sent"], 5);
  assert.equal(row["remote"], `127.0.0.1:${device.port}`);
  assert.deepEqual(
    [row.options?.["paceMs"], row.options?.["receiveTimeoutMs"], row.options?.["blockSize"]],
    [2500, 60_000, 100],
  );
  assert.deepEqual(row["notify"], {
    target: "7/urn:s/Act/json",
    sent: 1,
    retried: 0,
    failed: 0,
    lastOutcome: "delivered",
  });
  for (const key of ["ageMs", "receiveIdleMs", "sendIdleMs"]) assert.ok(Number(row[key]) >= 0, key);
  client.destroy();
  device.close();
});

test("UDP: each write is a datagram, each datagram is passed on, BLKS cuts", async () => {
  const remote = createSocket("udp4").bind(0, "127.0.0.1");
  await once(remote, "listening");
  const received: string[] = [];
  remote.on("message", (datagram, from) => {
    received.push(datagram.toString());
    if (datagram.toString() === "ping") remote.send("pong\n", from.port, from.address);
  });
  const target = `127.0.0.1:${remote.address().port}`;
  const { client } = await greet(daemon.port);
  client.write(`CONN ${target} PRTO=udp NTFY=5/urn:x/Act/udp-pid\n`);
  assert.equal(await client.line(), "OK CONN udp-pid");
  client.write("ping");
  assert.equal(await client.line(), "pong");
  await luup.received("udp-pid", 1);
  client.write("second");
  await until(() => received.length === 2, "two datagrams");
  assert.deepEqual(received, ["ping", "second"]);

  const cut = await greet(daemon.port);
  cut.client.write(`CONN ${target} PRTO=udp BLKS=4\n`);
  await cut.client.line();
  cut.client.write("aaaabbbbcc");
  await until(() => received.length === 5, "three more");
  assert.deepEqual(received.slice(2), ["aaaa", "bbbb", "cc"]);
  client.destroy();
  cut.client.destroy();
  remote.close();
});

test("UDP: a write is one datagram whatever its size, and an empty datagram is no data", async () => {
  const remote = createSocket("udp4").bind(0, "127.0.0.1");
  await once(remote, "listening");
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${remote.address().port} PRTO=udp NTFY=5/urn:x/Act/sizes\n`);
  await client.line();
  for (const size of [4097, 65_507, 5000, 1]) {
    const arrived = once(remote, "message");
    client.write(Buffer.alloc(size));
    const [datagram, from] = (await arrived) as [Buffer, { port: number; address: string }];
    assert.equal(datagram.length, size);
    remote.send("", from.port, from.address);
  }
  await quietFor(200);
  assert.equal(luup.of("sizes").length, 0);
  client.destroy();
  remote.close();
});

test("UDP: an address without a route is refused at once", async () => {
  const { answer, ms } = await refused("CONN [fe80::1]:9 PRTO=udp"); // a link-local address that names no link
  assert.match(answer, /^ERR CONN [^\n]+\n$/);
  assert.ok(ms < 10_000, `${ms} ms`);
});

test("UDP: a datagram nobody takes does not end the connection", async () => {
  const port = await freePort();
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${port} PRTO=udp\n`);
  await client.line();
  client.write("lost");
  await until(async () => (await stat()).some((row) => row["sent"] === 4), "it to be sent");
  const remote = createSocket("udp4").bind(port, "127.0.0.1");
  await once(remote, "listening");
  client.write("found");
  const [datagram] = (await once(remote, "message")) as [Buffer];
  assert.equal(datagram.toString(), "found");
  client.destroy();
  remote.close();
});

test("TLS: the certificate is checked, TLSV=0 takes any, TLSN asks for another name", {
  skip: missing("openssl"),
}, async () => {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-tls-`);
  const [key, certificate] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=device.example"],
    ...["-addext", "subjectAltName=DNS:device.example", "-keyout", key, "-out", certificate],
  ]);
  assert.equal(made.status, 0, made.stderr.toString());
  const names: (string | false)[] = [];
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) });
  server.on("tlsClientError", () => {});
  server.on("secureConnection", (socket: TLSSocket) => {
    names.push(socket.servername ?? false);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => socket.end(`you said ${chunk}`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const target = `localhost:${(server.address() as AddressInfo).port}`;
  const trusting = await startDaemonTrusting(certificate);
  try {
    assert.match((await refused(`CONN ${target} PRTO=tls`)).answer, /^ERR CONN [^\n]*TLS: [^\n]*self-signed[^\n]*\n$/);

    const { client } = await greet(daemon.port);
    client.write(`CONN ${target} PRTO=tls TLSV=0\n`);
    assert.match(await client.line(), /^OK CONN /);
    client.write("hello");
    assert.equal(await client.rest(), "you said hello");
    assert.deepEqual(names, ["localhost"]);
    client.destroy();

    const right = await greet(trusting.port);
    right.client.write(`CONN ${target} PRTO=tls TLSN=device.example\n`);
    assert.match(await right.client.line(), /^OK CONN /);
    await until(() => names.at(-1) === "device.example", "the server to be asked for the other name");
    right.client.destroy();

    const wrong = await greet(trusting.port);
    wrong.client.write(`CONN ${target} PRTO=tls\n`);
    assert.match(await wrong.client.rest(), /^ERR CONN [^\n]*(altnames|does not match)/i);
    wrong.client.destroy();
  } finally {
    server.close();
    await trusting.stop();
    rmSync(folder, { recursive: true });
  }
});

/** A daemon that takes this certificate for an authority's. */
async function startDaemonTrusting(certificate: string): Promise<DaemonProcess> {
  process.env["NODE_EXTRA_CA_CERTS"] = certificate;
  try {
    return await startDaemon();
  } finally {
    delete process.env["NODE_EXTRA_CA_CERTS"];
  }
}

test("TLS: a server that never answers the handshake is given up in time", async () => {
  const device = await Device.open();
  const { answer } = await refused(`CONN 127.0.0.1:${device.port} PRTO=tls CTIM=200`);
  assert.match(answer, /^ERR CONN [^\n]*timed out after 200 ms \(the TCP connection is there, [^\n]*\)\n$/);
  await until(() => device.clients.every((client) => client.ended || client.closed), "the device to be let go");
  device.close();
});
