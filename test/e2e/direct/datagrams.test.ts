// UDP: clients that send datagrams to a [direct] line, and remotes that answer from elsewhere. In a namespace, because of groups.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { DatagramServer } from "#src/sockets/datagram-server.js";
import { ManualClock } from "../../support/clock.js";
import { ConfigFile } from "../../support/config.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { insideNamespace, runInside } from "../../support/namespace.js";
import { Client, greet } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";

/** A UDP socket, to close with the test, and what has come to it. */
async function peer(t: TestContext, port = 0, address = "127.0.0.1") {
  const socket: Socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const came: string[] = [];
  socket.on("message", (datagram) => came.push(datagram.toString()));
  socket.bind(port, address);
  await once(socket, "listening");
  t.after(() => socket.close());
  return { socket, came, port: socket.address().port };
}

/** A device that answers `echo …` to whoever asks. */
async function echoDevice(t: TestContext, address = "127.0.0.1", from = address, port = 0) {
  const device = await peer(t, port, address);
  const voice = from === address ? device : await peer(t, 0, from);
  device.socket.on("message", (datagram: Buffer, asker: RemoteInfo) =>
    voice.socket.send(`echo ${datagram}`, asker.port, asker.address),
  );
  return device;
}

async function daemon(t: TestContext, ...lines: readonly string[]): Promise<RunningDaemon> {
  const here = await startHere("-a", "127.0.0.1", "-c", new ConfigFile(lines.join("\n")).path);
  t.after(() => here.stop());
  return here;
}

/** What STAT JSON says of connections. */
async function connections(here: RunningDaemon): Promise<Record<string, unknown>[]> {
  const { connections: all } = await statJson(here.port);
  return all as unknown as Record<string, unknown>[];
}

function inside(name: string, body: (t: TestContext) => Promise<void>): void {
  if (insideNamespace) test(name, { timeout: 20_000 }, body);
}

test("in a namespace", { skip: insideNamespace || missing("ip", "unshare") }, (t) => runInside(import.meta.url, t));

if (insideNamespace) {
  for (const words of [
    "link set lo multicast on",
    "route add local 10.66.0.0/16 dev lo",
    "route add 224.0.0.0/4 dev lo",
    "addr add 10.9.9.9/24 dev lo",
  ]) {
    spawnSync("ip", words.split(" "));
  }
}

inside(
  "each address that sends is a client of its own, with its answers, until it has been silent for idle",
  async (t) => {
    const device = await echoDevice(t);
    const port = await freePort();
    const here = await daemon(
      t,
      "[direct meter]",
      `listen=udp:${port}`,
      `target=127.0.0.1:${device.port}`,
      "transport=udp",
      "idle=300ms",
    );
    const [one, two] = [await peer(t), await peer(t)];
    for (const { socket } of [one, two]) socket.send("who", port, "127.0.0.1");
    await until(() => one.came.length > 0 && two.came.length > 0, "both answers");
    one.socket.send("", port, "127.0.0.1");
    one.socket.send("again", port, "127.0.0.1");
    await until(() => one.came.length === 3, "an empty datagram and one more");
    assert.deepEqual([one.came, two.came], [["echo who", "echo ", "echo again"], ["echo who"]]);
    assert.match(here.log(), new RegExp(`listening on udp:127.0.0.1:${port} `));
    await until(() => here.log().match(/closed: IDLE/g)?.length === 2, "the end of both");
    one.socket.send("back", port, "127.0.0.1");
    await until(() => one.came.at(-1) === "echo back", "a new client of the same address");
  },
);

inside("datagrams reach a TCP server as a stream, and its bytes come back", async (t) => {
  const port = await freePort();
  await daemon(
    t,
    "[direct]",
    `udp:${port}=127.0.0.1:${(await startEcho()).port}`,
    `${port}=127.0.0.1:${(await startEcho()).port}`,
  );
  const client = await peer(t);
  for (const text of ["a", "b", "c"]) client.socket.send(text, port, "127.0.0.1");
  await until(() => client.came.join("") === "abc", "the echo");
  const stream = await Client.open(port); // TCP has the same number for itself
  stream.write("stream");
  assert.equal(String(await stream.take(6)), "stream");
  stream.destroy();
});

inside("a client whose server cannot be reached begins one attempt a second, not one with each datagram", async (t) => {
  const [port, nobody] = [await freePort(), await freePort()];
  const here = await daemon(t, "[direct]", `udp:${port}=127.0.0.1:${nobody}`);
  const client = await peer(t);
  const attempts = (): number => here.log().match(/closed: connection refused/g)?.length ?? 0;
  const firstAt = Date.now();
  await until(() => {
    client.socket.send("x", port, "127.0.0.1");
    return attempts() >= 2;
  }, "a second attempt");
  assert.ok(Date.now() - firstAt > 900, "one second");
});

inside("a broadcast and a group are targets: whoever is asked answers, by whatever address", async (t) => {
  for (const [target, listen] of [
    ["127.255.255.255", "0.0.0.0"],
    ["239.9.8.7", "239.9.8.7"],
  ] as const) {
    const device = await peer(t, 0, listen);
    if (listen === target) device.socket.addMembership(target, "127.0.0.1");
    const answering = await peer(t, 0, "10.9.9.9");
    device.socket.on("message", (_datagram, asker: RemoteInfo) =>
      answering.socket.send("here", asker.port, "127.0.0.1"),
    );
    const here = await daemon(t);
    const { client } = await greet(here.port);
    client.write(`CONN ${target}:${device.port} PRTO=udp\nwho is there`);
    assert.match(await client.line(), /^OK CONN /);
    assert.equal(String(await client.take(4)), "here");
    client.destroy();
  }
});

inside("MTTL says how far a datagram to a group goes, 1 where nothing is said", async (t) => {
  const here = await daemon(t);
  const device = await peer(t, 0, "239.9.8.7");
  device.socket.addMembership("239.9.8.7", "127.0.0.1");
  // the kernel shows the TTL of a datagram to nobody but the packet filter
  const nft = (...rules: readonly string[]): string =>
    spawnSync("nft", ["-f", "-"], { input: rules.join("\n"), encoding: "utf8" }).stderr;
  assert.equal(
    nft(
      "add table ip ttl",
      "add chain ip ttl out { type filter hook output priority 0; }",
      "add rule ip ttl out ip daddr 239.9.8.7 ip ttl 1 counter",
      "add rule ip ttl out ip daddr 239.9.8.7 ip ttl 7 counter",
    ),
    "",
  );
  for (const [index, options] of ["", " MTTL=7"].entries()) {
    const { client } = await greet(here.port);
    client.write(`CONN 239.9.8.7:${device.port} PRTO=udp${options}\nask`);
    assert.match(await client.line(), /^OK CONN /);
    await until(() => device.came.length === index + 1, "the datagram");
    client.destroy();
  }
  const counts = spawnSync("nft", ["list", "table", "ip", "ttl"], { encoding: "utf8" }).stdout.match(/packets \d+/g);
  assert.deepEqual(counts, ["packets 1", "packets 1"]);
});

inside("a unicast target may answer by any port; other hosts are not heard, and STAT counts them", async (t) => {
  const device = await peer(t);
  const stranger = await peer(t, 0, "10.9.9.9");
  const otherPort = await peer(t);
  device.socket.on("message", (_datagram, asker: RemoteInfo) => {
    stranger.socket.send("stranger", asker.port, "127.0.0.1");
    otherPort.socket.send("other port", asker.port, "127.0.0.1");
  });
  const here = await daemon(t);
  const { client } = await greet(here.port);
  client.write(`CONN 127.0.0.1:${device.port} PRTO=udp\nask`);
  assert.match(await client.line(), /^OK CONN /);
  assert.equal(String(await client.take(10)), "other port");
  const [connection] = await connections(here);
  assert.deepEqual(connection?.["datagramsDropped"], { slow: 0, foreign: 1, unsent: 0 });
  assert.equal(connection?.["datagramsLost"], 1);
  client.destroy();
});

inside("a group is an address to listen on", async (t) => {
  const device = await echoDevice(t);
  const port = await freePort();
  await daemon(t, "[direct]", `udp:239.9.8.7:${port}=127.0.0.1:${device.port} PRTO=udp`);
  const client = await peer(t);
  client.socket.setMulticastInterface("127.0.0.1");
  client.socket.send("to all", port, "239.9.8.7");
  await until(() => client.came.length > 0, "the answer");
  assert.deepEqual(client.came, ["echo to all"]);
});

inside(
  "lines that send each other datagrams in a circle end it, though no interface has their addresses",
  async (t) => {
    const [port, next] = [await freePort(), await freePort()];
    const here = await daemon(
      t,
      "[direct]",
      `udp:0.0.0.0:${port}=10.66.1.1:${next} PRTO=udp`,
      `udp:0.0.0.0:${next}=10.66.2.2:${port} PRTO=udp`,
    );
    const client = await peer(t);
    client.socket.send("round", port, "127.0.0.1");
    await until(() => here.log().includes("leads back to itself"), "the end of the circle");
    assert.ok((await connections(here)).length < 12);
  },
);

inside("a client that may not connect sends in vain", async (t) => {
  const device = await echoDevice(t);
  const port = await freePort();
  const here = await daemon(
    t,
    "[access]",
    "clients=127.0.0.1",
    "[direct]",
    `udp:0.0.0.0:${port}=127.0.0.1:${device.port} PRTO=udp`,
  );
  const stranger = await peer(t, 0, "10.9.9.9");
  stranger.socket.send("let me in", port, "10.9.9.9");
  await until(() => here.log().includes("10.9.9.9 may not connect"), "the warning");
  assert.deepEqual(device.came, []);
});

inside("a group for which no interface is up yet is tried again until there is one", async (t) => {
  const [port, device] = [await freePort(), await echoDevice(t)];
  spawnSync("ip", ["route", "del", "224.0.0.0/4"]);
  const here = await daemon(t, "[direct]", `udp:239.1.2.3:${port}=127.0.0.1:${device.port} PRTO=udp`);
  await until(() => here.log().includes("no interface for this group on this machine"), "the warning");
  spawnSync("ip", ["route", "add", "224.0.0.0/4", "dev", "lo"]);
  await until(() => here.log().includes(`listening on udp:239.1.2.3:${port} `), "the port");
});

inside("what is dropped stays counted when its client has ended, and the log tells it", async (t) => {
  const device = await echoDevice(t, "127.0.0.1", "127.0.0.2");
  const port = await freePort();
  const here = await daemon(t, "[direct]", `udp:${port}=127.0.0.1:${device.port} PRTO=udp IDLE=0.3`);
  (await peer(t)).socket.send("who", port, "127.0.0.1");
  await until(() => here.log().includes("closed: IDLE"), "the end");
  assert.match(here.log(), /closed: IDLE.* 0 bytes from remote, 3 to remote, 1 datagram dropped \(1 foreign\)/);
  const { traffic } = await statJson(here.port);
  assert.deepEqual(traffic.datagramsDropped, { slow: 0, foreign: 1, unsent: 0 });
});

inside("a group is joined again when its network interface was made anew", async (t) => {
  const ip = (words: string) => spawnSync("ip", words.split(" "));
  const plug = (): void => {
    for (const words of ["link add grp0 type veth peer name grp1", "link set grp0 up", "link set grp1 up"]) ip(words);
    for (const words of ["addr add 10.77.0.1/24 dev grp0", "route add 239.77.0.0/16 dev grp0"]) ip(words);
  };
  const isMember = (): boolean => /\tgrp0 .*\n(\t\t.*\n)*\t\t+4D4D4DEF/.test(readFileSync("/proc/net/igmp", "latin1")); // 239.77.77.77
  plug();
  const clock = new ManualClock();
  const server = new DatagramServer((client) => client.destroy(), clock);
  server.listen({ host: "239.77.77.77" });
  await once(server, "listening");
  t.after(() => {
    server.close();
    ip("link del grp0");
  });
  assert.equal(isMember(), true);
  ip("link del grp0");
  clock.advance(15_000);
  plug();
  assert.equal(isMember(), false);
  clock.advance(15_000);
  assert.equal(isMember(), true);
});
