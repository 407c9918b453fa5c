// sockproxyd reverse-proxy: start, status, stop; its settings
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { ConbusServer, DISCOVERY, telegram } from "../support/conbus.js";
import { freePort } from "../support/free-port.js";
import { Client } from "../support/net.js";
import {
  cliYml,
  ended,
  isListening,
  ownFolder,
  type ReverseProxy,
  runToEnd,
  start,
  startReverseProxy,
} from "../support/proxy-process.js";
import { pause, until } from "../support/wait.js";

const REPLIES = telegram("R0020030837F01D") + telegram("R0020044966F01D");

async function startServer(t: TestContext): Promise<ConbusServer> {
  const server = await ConbusServer.open();
  t.after(() => server.stop());
  return server;
}

/** Sends a request and takes the answer. */
async function discover(client: Client): Promise<void> {
  client.write(DISCOVERY);
  assert.equal(await client.take(REPLIES.length), REPLIES);
}

/** Waits until clients of the proxy reach this server. */
async function reaches(proxy: ReverseProxy, server: ConbusServer): Promise<void> {
  await until(async () => {
    const before = server.links.length;
    const client = await proxy.connect();
    client.write(DISCOVERY);
    await until(() => client.bytes.length >= REPLIES.length || client.closed, "an answer or the end");
    client.destroy();
    return server.links.length > before;
  }, "the new target to be used");
}

describe("status and stop", { concurrency: 3 }, () => {
  test("status: the proxy, its target and its clients, in JSON", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port });
    assert.deepEqual(await proxy.status(), {
      running: true,
      listen_port: proxy.port,
      target_ip: "127.0.0.1",
      target_port: server.port,
      active_connections: 0,
      connections: {},
    });
    const began = Date.now();
    const clients = [await proxy.connect(), await proxy.connect()];
    for (const client of clients) await discover(client);
    const { active_connections, connections } = await proxy.status();
    assert.equal(active_connections, 2);
    const all = Object.values(connections);
    assert.equal(all.length, 2);
    const addresses = clients.map(({ socket }) => `127.0.0.1:${socket.localPort}`);
    assert.deepEqual(all.map((each) => each.client_address).sort(), addresses.sort());
    for (const { connected_at, bytes_relayed } of all) {
      assert.equal(bytes_relayed, DISCOVERY.length + REPLIES.length);
      const at = Date.parse(connected_at);
      assert.ok(at >= began - 1000 && at <= Date.now() + 1000, connected_at);
    }
    for (const client of clients) client.destroy();
    await until(async () => (await proxy.status()).active_connections === 0, "them to be gone");
  });

  test("status without a port: the one that runs, all of several for people, and none", async (t) => {
    const server = await startServer(t);
    const folder = ownFolder();
    const status = (...words: string[]) => runToEnd(t, folder, "reverse-proxy", "status", ...words);
    const none = await status("--text");
    assert.deepEqual([none.status, none.stdout], [3, "no reverse proxy of this user runs\n"]);
    const one = await startReverseProxy(t, { target: server.port, folder });
    const found = await status();
    assert.deepEqual([found.status, JSON.parse(found.stdout).listen_port], [0, one.port]);
    const shown = await status("--text");
    assert.match(shown.stdout, new RegExp(`^Conbus reverse proxy {2}port ${one.port} {2}to 127.0.0.1:${server.port} `));
    const two = await startReverseProxy(t, { target: server.port, folder });
    const both = await status("--text");
    for (const { port } of [one, two]) assert.ok(both.stdout.includes(`Conbus reverse proxy  port ${port}  `));
    const unclear = await status("--json");
    assert.equal(unclear.status, 1);
    assert.match(unclear.stderr, new RegExp(`ports .*${one.port}.*: --port says which`));
    const wrongPort = await runToEnd(t, folder, "reverse-proxy", "stop", "--port", String(await freePort()));
    assert.equal(wrongPort.status, 3);
    assert.match(wrongPort.stderr, new RegExp(`; one runs on port .*${one.port}`));
  });

  test("status without a running proxy: exit status 3, running false", async (t) => {
    const ran = await runToEnd(t, ownFolder(), "reverse-proxy", "status", "--port", `${await freePort()}`);
    assert.equal(ran.status, 3, ran.stderr);
    assert.equal((JSON.parse(ran.stdout) as { running: boolean }).running, false);
  });

  test("stop ends the proxy gracefully: clients get FIN, the port is free, status 0", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port });
    const client = await proxy.connect();
    await discover(client);
    assert.equal((await proxy.run("stop")).status, 0);
    assert.equal(await ended(proxy.child), 0);
    await until(() => client.ended || client.closed, "the client's end");
    client.end();
    await until(() => server.open.length === 0, "the server's side to end");
    assert.equal(isListening(proxy.port), false);
    assert.equal((await proxy.run("status")).status, 3);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} ends it with 0, its last lines written`, async (t) => {
      const server = await startServer(t);
      const proxy = await startReverseProxy(t, { target: server.port });
      const client = await proxy.connect();
      await discover(client);
      proxy.child.kill(signal);
      assert.equal(await ended(proxy.child), 0);
      await until(() => proxy.output.messages.length === 6, "the messages");
      await proxy.output.says(/\[DISCONNECT\]/);
      client.destroy();
    });
  }

  test("after a kill nothing runs, and another proxy can start", async (t) => {
    const server = await startServer(t);
    const killed = await startReverseProxy(t, { target: server.port });
    killed.child.kill("SIGKILL");
    await until(() => killed.child.signalCode !== null, "its end");
    assert.equal((await killed.run("status")).status, 3);
    const next = await startReverseProxy(t, { target: server.port, folder: killed.folder, port: killed.port });
    const client = await next.connect();
    await discover(client);
    client.destroy();
    assert.equal((await next.run("status")).status, 0);
  });

  test("two proxies on two ports: each its own status, and its own end", async (t) => {
    const [one, two] = [await startServer(t), await startServer(t)];
    const first = await startReverseProxy(t, { target: one.port });
    const second = await startReverseProxy(t, { target: two.port, folder: first.folder });
    const clients = [await first.connect(), await second.connect()];
    for (const client of clients) await discover(client);
    assert.deepEqual([one.telegrams.length, two.telegrams.length], [1, 1]);
    assert.equal((await first.status()).target_port, one.port);
    assert.equal((await second.status()).target_port, two.port);
    assert.equal((await first.run("stop")).status, 0);
    assert.equal(await ended(first.child), 0);
    assert.equal((await first.run("status")).status, 3);
    assert.equal((await second.run("status")).status, 0);
    await discover(clients[1] ?? assert.fail());
    for (const client of clients) client.destroy();
  });

  test("a second proxy on the same port is refused with a message; the first goes on", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port });
    const args = ["--port", `${proxy.port}`, "--config", proxy.config];
    const ran = await runToEnd(t, proxy.folder, "reverse-proxy", "start", ...args);
    assert.notEqual(ran.status, 0);
    assert.match(ran.stderr, new RegExp(String(proxy.port)));
    assert.equal((await proxy.run("status")).status, 0);
    const client = await proxy.connect();
    await discover(client);
    client.destroy();
  });

  test("it listens on all addresses", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port });
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      const client = await proxy.connect(host);
      await discover(client);
      client.destroy();
    }
  });

  const WRONG = [
    ["start", "--port", "70000"],
    ["start", "--idle", "soon"],
    ["start", "--no-such-flag"],
    ["start", "NOSUCHKEY=1"],
    ["restart"],
    [],
  ];
  for (const words of WRONG) {
    test(`reverse-proxy ${words.join(" ")}: refused with exit status 2`, async (t) => {
      const ran = await runToEnd(t, ownFolder(), "reverse-proxy", ...words);
      assert.equal(ran.status, 2, ran.stdout + ran.stderr);
      assert.match(ran.stderr, /\S/);
    });
  }
});

describe("--idle, --log, --decode, options", { concurrency: 3 }, () => {
  test("--idle: a connection without a byte either way is closed, on both sides; a byte either way is a sign of life", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port, args: ["--idle", "3"] });
    const clients: Client[] = [];
    while (clients.length < 3) {
      clients.push(await proxy.connect());
      await until(() => server.links.length === clients.length, "the connection to the server");
    }
    const [asking, listening, idle] = clients as [Client, Client, Client];
    const began = performance.now();
    idle.socket.on("end", () => idle.end());
    let idleMs = 0;
    idle.socket.on("close", () => {
      idleMs = performance.now() - began;
    });
    while (idleMs === 0) {
      asking.write("x");
      server.links[1]?.send("x");
      await pause(100);
    }
    assert.ok(idleMs > 1500, `closed after ${idleMs} ms`);
    await until(() => server.links[2]?.closed === true, "the end of its connection to the server");
    assert.deepEqual([asking.ended, listening.ended, server.open.length], [false, false, 2]);
    asking.destroy();
    listening.destroy();
  });

  test("--log: the same lines in a file, with the date, the connection and the client", async (t) => {
    const server = await startServer(t);
    const log = `${ownFolder()}/audit.log`;
    const proxy = await startReverseProxy(t, { target: server.port, args: ["--log", log] });
    const client = await proxy.connect();
    await discover(client);
    client.destroy();
    await proxy.output.says(/\[DISCONNECT\]/);
    const lines = (): string[] => readFileSync(log, "utf8").split("\n").slice(0, -1);
    await until(() => existsSync(log) && lines().some((line) => line.includes("[DISCONNECT]")), "the end in the file");
    const shown = proxy.output.lines.filter((line) => /^\d\d:\d\d:\d\d,\d{3} \[\w+→/.test(line));
    const kept = lines().flatMap((line) => {
      const parts = /^[\d-]{10}T([\d:]{8})\.(\d{3})[+-]\d\d:\d\d (\[\w+→\w+\]) [0-9a-f]+ [\d.]+:\d+ (.*)$/.exec(line);
      return parts === null ? [] : [`${parts[1]},${parts[2]} ${parts[3]} ${parts[4]}`];
    });
    assert.deepEqual(kept, shown);
    assert.equal(lines().length, shown.length + 2, "CONNECT and DISCONNECT");
  });

  test("--decode: the parts of a telegram behind its text", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port, args: ["--decode"] });
    const client = await proxy.connect();
    await discover(client);
    const [first = "", , reply = ""] = await proxy.output.received(6);
    assert.match(first, /^\[CLIENT→PROXY\] <S0000000000F01D00FA> .*system.*0000000000.*discovery/i);
    assert.match(reply, /^\[SERVER→PROXY\] <R0020030837F01DFM> .*reply.*0020030837.*discovery/i);
    client.destroy();
  });

  test("MONF=id on the command line", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { target: server.port, args: ["MONF=id"] });
    const client = await proxy.connect();
    await discover(client);
    const [id = ""] = Object.keys((await proxy.status()).connections);
    assert.match(id, /^[0-9a-f]+$/);
    assert.equal((await proxy.output.received(6))[0], `[CLIENT→PROXY] ${id} ${DISCOVERY}`);
    client.destroy();
  });
});

describe("cli.yml", { concurrency: 3 }, () => {
  const FALLBACK = { target_ip: "10.0.3.162", target_port: 10001 };

  test("without a file: the defaults, and a warning", async (t) => {
    const proxy = await startReverseProxy(t, { yml: null });
    await proxy.says(/cli-\d+\.yml.*10\.0\.3\.162/);
    const { target_ip, target_port } = await proxy.status();
    assert.deepEqual({ target_ip, target_port }, FALLBACK);
  });

  for (const yml of ["", "other:\n  key: 1\n", "conbus:\n"]) {
    test(`without a target (${JSON.stringify(yml)}): the fallback, and a warning`, async (t) => {
      const proxy = await startReverseProxy(t, { yml });
      await proxy.says(/10\.0\.3\.162/);
      const { target_ip, target_port } = await proxy.status();
      assert.deepEqual({ target_ip, target_port }, FALLBACK);
    });
  }

  test("with one missing key: its default, the other values, and unknown keys are ignored", async (t) => {
    const proxy = await startReverseProxy(t, { yml: "homekit:\n  ip: 1.2.3.4\nconbus:\n  ip: 127.0.0.1\n  more: 1\n" });
    await proxy.says(/port.*10001/);
    const { target_ip, target_port } = await proxy.status();
    assert.deepEqual({ target_ip, target_port }, { target_ip: "127.0.0.1", target_port: 10001 });
  });

  test("without --config: cli.yml in the folder it was started in", async (t) => {
    const server = await startServer(t);
    const folder = ownFolder();
    writeFileSync(`${folder}/cli.yml`, cliYml(server.port));
    const port = await freePort();
    start(t, folder, "reverse-proxy", "start", "--port", `${port}`);
    await until(() => isListening(port), "it to listen");
    const client = await Client.open(port);
    await discover(client);
    client.destroy();
  });

  const MALFORMED = [
    "conbus: [",
    "conbus:\n\tip: 127.0.0.1\n",
    "conbus: 5\n",
    "just words",
    cliYml(99_999),
    "conbus:\n  ip: 127.0.0.1\n  port: many\n",
    "conbus:\n  ip: 127.0.0.1\n  port: 10001\n  timeout: -1\n",
    "conbus:\n  ip: [1, 2]\n  port: 10001\n",
    "conbus:\n  ip: 1\n  ip: 2\n",
  ];
  for (const yml of MALFORMED) {
    test(`malformed (${JSON.stringify(yml)}): a clear error at the start, exit status 2`, async (t) => {
      const folder = ownFolder();
      const config = `${folder}/cli.yml`;
      writeFileSync(config, yml);
      const args = ["--port", `${await freePort()}`, "--config", config];
      const ran = await runToEnd(t, folder, "reverse-proxy", "start", ...args);
      assert.equal(ran.status, 2, ran.stdout + ran.stderr);
      assert.match(ran.stderr, /cli\.yml/);
      assert.doesNotMatch(ran.stderr, /^ {4}at /m, "a stack is not a clear error");
    });
  }

  test("malformed on reload: reported, the old settings stay; once mended, it is used", async (t) => {
    const [server, other] = [await startServer(t), await startServer(t)];
    const proxy = await startReverseProxy(t, { target: server.port });
    proxy.configure("conbus: [");
    await proxy.says(/cli-\d+\.yml/);
    const client = await proxy.connect();
    await discover(client);
    client.destroy();
    assert.equal((await proxy.status()).target_port, server.port);
    proxy.configure(cliYml(other.port));
    await reaches(proxy, other);
  });

  test("a file that replaces cli.yml, as editors do, is used, and a further one, too", async (t) => {
    const [server, second, third] = [await startServer(t), await startServer(t), await startServer(t)];
    const proxy = await startReverseProxy(t, { target: server.port });
    for (const next of [second, third]) {
      writeFileSync(`${proxy.config}.new`, cliYml(next.port));
      renameSync(`${proxy.config}.new`, proxy.config);
      await reaches(proxy, next);
    }
    proxy.configure(cliYml(server.port));
    await reaches(proxy, server);
  });

  test("a file that appears later is used", async (t) => {
    const server = await startServer(t);
    const proxy = await startReverseProxy(t, { yml: null });
    proxy.configure(cliYml(server.port));
    await until(async () => (await proxy.status()).target_port === server.port, "the target");
    const client = await proxy.connect();
    await discover(client);
    client.destroy();
  });
});
