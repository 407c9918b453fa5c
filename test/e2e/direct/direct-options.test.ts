// Options of a [direct] line: several servers, RATE, CACH, alerts, audit files of bounded size.
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { ConbusServer, DISCOVERY, read, telegram } from "../../support/conbus.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { connectionIds, startMonitored } from "../../support/monitored.js";
import { Client, Device } from "../../support/net.js";
import { ownFolder } from "../../support/proxy-process.js";
import { pause, until } from "../../support/wait.js";

const REPLIES = telegram("R0020030837F01D") + telegram("R0020044966F01D");

async function startServers(t: TestContext, count: number): Promise<ConbusServer[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => ConbusServer.open()));
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  return servers;
}

function targets(servers: readonly { readonly port: number }[]): string {
  return servers.map(({ port }) => `127.0.0.1:${port}`).join(",");
}

/** Connects and sends a request; the client stays connected. */
async function discover(port: number): Promise<Client> {
  const client = await Client.open(port);
  client.write(DISCOVERY);
  assert.equal(await client.take(REPLIES.length), REPLIES);
  return client;
}

/** The number of clients that each server has had. */
function spread(servers: readonly ConbusServer[]): number[] {
  return servers.map(({ telegrams }) => telegrams.length);
}

/** A webhook that accepts alerts. */
class AlertTaker {
  readonly alerts: Record<string, unknown>[] = [];
  readonly server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      this.alerts.push({ method: request.method, type: request.headers["content-type"], ...JSON.parse(text) });
      response.end();
    });
  });

  static async start(t: TestContext): Promise<AlertTaker> {
    const taker = new AlertTaker();
    const port = await freePort();
    await new Promise<void>((resolve) => taker.server.listen(port, "127.0.0.1", resolve));
    t.after(() => {
      taker.server.closeAllConnections();
      taker.server.close();
    });
    return taker;
  }

  get section(): string {
    return `[alert]\nurl=http://127.0.0.1:${(this.server.address() as AddressInfo).port}/alerts\nchecksums=3\n`;
  }

  /** Waits for an alert of this kind. */
  async of(event: string): Promise<Record<string, unknown>> {
    await until(() => this.alerts.some((alert) => alert["event"] === event), `the alert ${event}`);
    return this.alerts.find((alert) => alert["event"] === event) ?? {};
  }
}

describe("several servers", { concurrency: 3 }, () => {
  test("BALA=first: all to the first; when that is gone, to the next", async (t) => {
    const servers = await startServers(t, 2);
    const { port } = await startMonitored(t, `CONN ${targets(servers)} BALA=first HLTH=1`);
    const clients = [await discover(port), await discover(port), await discover(port)];
    assert.deepEqual(spread(servers), [3, 0]);
    await servers[0]?.stop();
    clients.push(await discover(port));
    assert.deepEqual(spread(servers), [3, 1]);
    for (const client of clients) client.destroy();
  });

  test("BALA=round: each in its turn", async (t) => {
    const servers = await startServers(t, 3);
    const { port } = await startMonitored(t, `CONN ${targets(servers)} BALA=round HLTH=60`);
    for (let count = 0; count < 9; count += 1) (await discover(port)).destroy();
    assert.deepEqual(spread(servers), [3, 3, 3]);
  });

  test("BALA=least: the one with the fewest clients", async (t) => {
    const servers = await startServers(t, 2);
    const { port, daemon } = await startMonitored(t, `CONN ${targets(servers)} BALA=least HLTH=60`);
    const clients = [await discover(port), await discover(port), await discover(port), await discover(port)];
    assert.deepEqual(spread(servers), [2, 2]);
    for (const link of servers[1]?.links ?? []) link.socket.end(); // its clients leave
    await until(() => clients.filter(({ ended }) => ended).length === 2, "two clients to be let go");
    for (const client of clients) if (client.ended) client.end();
    await until(async () => (await connectionIds(daemon)).size === 2, "them to be gone");
    const more = [await discover(port), await discover(port)];
    assert.deepEqual(spread(servers), [2, 4]);
    for (const client of [...clients, ...more]) client.destroy();
  });

  test("a dead server is taken out, and comes back; alerts report both", async (t) => {
    const taker = await AlertTaker.start(t);
    const [one, two] = (await startServers(t, 2)) as [ConbusServer, ConbusServer];
    const line = `CONN ${targets([one, two])} BALA=round HLTH=1`;
    const { port, daemon } = await startMonitored(t, line, { sections: taker.section });
    for (let count = 0; count < 4; count += 1) (await discover(port)).destroy();
    assert.deepEqual(spread([one, two]), [2, 2]);
    await two.stop();
    const down = await taker.of("server-down");
    assert.ok(JSON.stringify(down).includes(String(two.port)), JSON.stringify(down));
    assert.equal(down["method"], "POST");
    assert.match(String(down["type"]), /^application\/json/);
    for (let count = 0; count < 4; count += 1) (await discover(port)).destroy();
    assert.equal(one.telegrams.length, 6);
    const again = await ConbusServer.open({ port: two.port });
    t.after(() => again.stop());
    const back = await taker.of("server-back");
    assert.ok(JSON.stringify(back).includes(String(two.port)), JSON.stringify(back));
    for (let count = 0; count < 4; count += 1) (await discover(port)).destroy();
    assert.deepEqual(spread([one, again]), [8, 2]);
    assert.deepEqual(
      taker.alerts.map((alert) => alert["event"]),
      ["server-down", "server-back"],
    );
    assert.equal(await daemon.stop(), 0);
  });

  test("no server can be reached: the client gets the reason, and no other client suffers", async (t) => {
    const [live] = (await startServers(t, 1)) as [ConbusServer];
    const dead = [await freePort(), await freePort()].map((port) => ({ port }));
    const lines = [`CONN ${targets(dead)} HLTH=1 CTIM=500`, `CONN ${targets([live])}`];
    const { ports } = await startMonitored(t, lines);
    const refused = await Client.open(ports[0] ?? 0);
    await until(() => refused.ended || refused.closed, "the end");
    refused.end();
    (await discover(ports[1] ?? 0)).destroy();
  });
});

describe("alerts", () => {
  test("wrong checksums, once for many", async (t) => {
    const taker = await AlertTaker.start(t);
    const echo = await startEcho();
    t.after(() => echo.stop());
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus`;
    const { port, daemon } = await startMonitored(t, line, { sections: taker.section });
    const client = await Client.open(port);
    await roundTrip(client, DISCOVERY.repeat(50));
    await roundTrip(client, "<S0000000000F01D00XX>".repeat(50));
    const alert = await taker.of("checksum-errors");
    assert.ok(JSON.stringify(alert).includes(String(echo.port)), JSON.stringify(alert));
    client.destroy();
    assert.equal(await daemon.stop(), 0);
    assert.equal(taker.alerts.length, 1, JSON.stringify(taker.alerts));
  });

  test("an unreachable webhook affects nothing else, not even the stop", async (t) => {
    const servers = await startServers(t, 2);
    const sections = `[alert]\nurl=http://127.0.0.1:${await freePort()}/\n`;
    const line = `CONN ${targets(servers)} HLTH=1 MONI=conbus`;
    const { port, daemon } = await startMonitored(t, line, { sections });
    await servers[0]?.stop();
    const client = await discover(port);
    client.destroy();
    assert.equal(await daemon.stop(), 0);
  });
});

describe("RATE and CACH", { concurrency: 3 }, () => {
  test("RATE: what is too much waits, in its order, and nothing is dropped", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port } = await startMonitored(t, `CONN 127.0.0.1:${server.port} RATE=20/s`);
    const client = await Client.open(port);
    const telegrams = Array.from({ length: 40 }, (_, n) => read("0020030837", String(n).padStart(2, "0")));
    const since = performance.now();
    client.write(telegrams.join(""));
    await until(() => server.telegrams.length === telegrams.length, "all at the server");
    const ms = performance.now() - since;
    assert.deepEqual(server.telegrams, telegrams);
    assert.ok(ms > 900, `40 at 20/s, of which some may go at once, took ${ms} ms`);
    assert.ok(ms < 10_000, `${ms} ms`);
    client.destroy();
  });

  test("RATE: what waits is sent before the end of the client is passed on", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port } = await startMonitored(t, `CONN 127.0.0.1:${server.port} RATE=20/s`);
    const client = await Client.open(port);
    const telegrams = Array.from({ length: 30 }, (_, n) => read("0020030837", String(n).padStart(2, "0")));
    const since = performance.now();
    client.socket.end(telegrams.join(""));
    await until(() => server.links[0]?.closed === true, "the end of the connection");
    assert.deepEqual(server.telegrams, telegrams);
    assert.ok(performance.now() - since > 400, "30 at 20/s");
    client.destroy();
  });

  test("RATE and IDLE: who waits for his turn is not quiet, and loses nothing", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port } = await startMonitored(t, `CONN 127.0.0.1:${server.port} RATE=1/s IDLE=0.4`);
    const client = await Client.open(port);
    t.after(() => client.destroy());
    client.write(DISCOVERY.repeat(3));
    await until(() => server.telegrams.length === 3, "all telegrams");
    await until(() => client.closed || client.ended, "the end of a quiet connection");
  });

  test("RATE and MONI: a telegram that waits is shown when it comes, and again when it leaves", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${server.port} RATE=10/s MONI=conbus`);
    const client = await Client.open(port);
    const telegrams = Array.from({ length: 20 }, (_, n) => read("0020030837", String(n).padStart(2, "0")));
    client.write(telegrams.join(""));
    await until(() => server.telegrams.length === telegrams.length, "all at the server");
    await output.received(80);
    const of = (wanted: string) => output.shown.filter(({ label }) => label === wanted);
    const [came, left] = [of("CLIENT→PROXY"), of("PROXY→SERVER")];
    assert.deepEqual([came.length, left.length, output.messages.length], [20, 20, 80]);
    const labels = output.shown.map(({ label }) => label);
    assert.ok(labels.lastIndexOf("CLIENT→PROXY") < labels.lastIndexOf("PROXY→SERVER") - 1, "they came together");
    assert.ok((left.at(-1)?.at ?? 0) - (came[0]?.at ?? 0) > 500, "they left one after the other");
    assert.deepEqual(
      left.map(({ text }) => text),
      telegrams,
    );
    client.destroy();
  });

  test("RATE: the way back has no limit", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port } = await startMonitored(t, `CONN 127.0.0.1:${server.port} RATE=1/s`);
    const client = await Client.open(port);
    await until(() => server.open.length === 1, "the connection");
    for (let count = 0; count < 100; count += 1) server.event("E14L00I02M");
    await client.take(100 * telegram("E14L00I02M").length);
    client.destroy();
  });

  test("RATE: what is no telegram passes too, unchanged, and so does half a one at the end", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port } = await startMonitored(t, `CONN 127.0.0.1:${server.port} RATE=50/s`);
    const client = await Client.open(port);
    const text = `junk\r\n${read("0020030837", "01")}\0\xff${read("0020030837", "02")} \n<S00200`;
    for (let at = 0; at < text.length; at += 5) client.write(Buffer.from(text.slice(at, at + 5), "latin1"));
    client.end();
    await until(() => server.links[0]?.closed === true, "the end of the connection");
    assert.equal(server.links[0]?.received, text);
    client.destroy();
  });

  test("CACH: an identical read is answered without the server, by its telegram; others and later ones are not", async (t) => {
    const [server] = (await startServers(t, 1)) as [ConbusServer];
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${server.port} CACH=1500 MONI=conbus`);
    const clients = [await Client.open(port), await Client.open(port)];
    const request = read("0020030837", "18");
    const answer = telegram("R0020030837F02D18+26,0§C");
    const ask = async (client: Client, text: string, expected: string): Promise<void> => {
      client.write(Buffer.from(text, "latin1"));
      assert.equal(await client.take(expected.length), expected);
    };
    for (let round = 0; round < 3; round += 1) for (const client of clients) await ask(client, request, answer);
    assert.deepEqual(server.telegrams, [request]);
    const [client] = clients as [Client];
    const ack = telegram("R0020044966F18D");
    const action = telegram("S0020044966F27D00AA");
    await ask(client, action, ack);
    await ask(client, action, ack);
    await ask(client, DISCOVERY, REPLIES);
    await ask(client, DISCOVERY, REPLIES);
    const other = read("0020030837", "02");
    await ask(client, other, telegram("R0020030837F02D02XP230_V1.00.04"));
    const without = [action, action, DISCOVERY, DISCOVERY, other];
    assert.deepEqual(server.telegrams.sort(), [request, ...without].sort());
    await until(async () => {
      await ask(client, request, answer);
      return server.telegrams.filter((each) => each === request).length === 2;
    }, "the answer to be too old");
    const seen = output.messages.filter((line) => line === `[PROXY→SERVER] ${request}`);
    assert.ok(seen.length <= 2, "only what the server got is said to have gone there");
    for (const each of clients) each.destroy();
  });
});

test("IDLE: a connection without a byte either way ends, others do not", async (t) => {
  const [server] = (await startServers(t, 1)) as [ConbusServer];
  const { port } = await startMonitored(t, `CONN 127.0.0.1:${server.port} IDLE=1`);
  const clients: Client[] = [];
  while (clients.length < 3) {
    clients.push(await Client.open(port));
    await until(() => server.links.length === clients.length, "the connection to the server");
  }
  const [asking, listening, idle] = clients as [Client, Client, Client];
  const since = performance.now();
  let fed = 0;
  await until(() => {
    if (performance.now() - since > fed * 100) {
      fed += 1;
      asking.write("x");
      server.links[1]?.send("x");
    }
    return idle.ended || idle.closed;
  }, "the idle one to end");
  assert.ok(performance.now() - since > 700, "not before its time");
  assert.deepEqual([asking.ended, listening.ended], [false, false]);
  for (const client of clients) client.destroy();
});

describe("MONL", () => {
  test("audit-size and audit-files limit what is kept", async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const folder = ownFolder();
    const file = `${folder}/audit.log`;
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus MONL=${file}`;
    const sections = "[host]\naudit-size=1\naudit-files=2\n";
    const { port, daemon } = await startMonitored(t, line, { sections });
    const client = await Client.open(port);
    // a message is four lines of some 50 bytes: a MiB is some 5000 messages
    for (let count = 0; count < 300 && !existsSync(`${file}.2`); count += 1) {
      await roundTrip(client, DISCOVERY.repeat(200));
    }
    await until(() => existsSync(`${file}.2`), "the second one put aside");
    for (let count = 0; count < 100; count += 1) await roundTrip(client, DISCOVERY.repeat(200));
    client.destroy();
    assert.equal(await daemon.stop(), 0);
    const files = readdirSync(folder).filter((name) => name.startsWith("audit.log"));
    assert.deepEqual(files.sort(), ["audit.log", "audit.log.1", "audit.log.2"]);
    for (const name of files) assert.ok(statSync(`${folder}/${name}`).size < 3 * 1_048_576, name);
  });
});

test("IDLE: a client that reads slowly gets everything", async (t) => {
  const device = await Device.open();
  t.after(() => device.close());
  const { port } = await startMonitored(t, `CONN 127.0.0.1:${device.port} IDLE=0.5`);
  const client = await Client.open(port);
  const remote = await device.client();
  client.socket.pause();
  const bytes = Buffer.alloc(24 * 1_048_576, "x");
  remote.write(bytes);
  const since = performance.now();
  let received = 0;
  client.socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    client.bytes = Buffer.alloc(0);
    client.socket.pause();
  });
  while (received < bytes.length && !client.ended && !client.closed) {
    client.socket.resume();
    await pause(performance.now() - since < 2000 ? 20 : 0);
  }
  assert.equal(received, bytes.length);
});
