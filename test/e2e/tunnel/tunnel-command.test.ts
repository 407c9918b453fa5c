// Both sides of a tunnel from the command line, and TCPR.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { BlackHole } from "../../support/black-hole.js";
import { MAIN, portAnswers, startDaemon } from "../../support/daemon.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { Client, Device, greet } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { type Program, run } from "../../support/plugin/programs.js";
import { faults } from "../../support/process.js";
import { until } from "../../support/wait.js";

/** Starts `sockproxyd tunnel …`. The end of the test stops it. */
function command(t: TestContext, ...args: string[]): Program {
  const program = run(process.execPath, MAIN, "tunnel", ...args);
  t.after(() => program.kill());
  return program;
}

/** The device's side, for these services. */
function device(t: TestContext, server: number, allow: string): Program {
  return command(t, "device", "--server", `127.0.0.1:${server}`, "--allow", allow);
}

/** The server's side on a port of this machine, with one service. */
function server(t: TestContext, port: number, host: number, service: number, ...more: string[]): Program {
  return command(t, "server", `127.0.0.1:${port}`, `127.0.0.1:${host}`, `127.0.0.1:${service}`, ...more);
}

async function echoService(t: TestContext): Promise<number> {
  const echo = await startEcho();
  t.after(() => echo.stop());
  return echo.port;
}

async function ends(program: Program, signal: NodeJS.Signals): Promise<void> {
  program.child.kill(signal);
  assert.equal(await program.ended(), 0);
  assert.match(program.stderr(), / stopped$/m);
  assert.deepEqual(faults(program.stderr()), []);
}

/** Waits until a client of the port is served. */
async function served(port: number, text: string): Promise<Client> {
  await portAnswers(port);
  const client = await Client.open(port);
  await roundTrip(client, text);
  return client;
}

describe("the command tunnel", { concurrency: 3 }, () => {
  for (const [first, signal] of [
    ["server", "SIGTERM"],
    ["device", "SIGINT"],
  ] as const) {
    test(`the ${first} first; ${signal} ends each with 0, the other goes on`, async (t) => {
      const [port, host, echo] = [await freePort(), await freePort(), await echoService(t)];
      const begin = {
        server: () => server(t, port, host, echo),
        device: () => device(t, port, `127.0.0.1:${echo}`),
      };
      const one = begin[first]();
      await until(() => /started|tries again/.test(one.stderr()), `the ${first}`);
      const other = begin[first === "server" ? "device" : "server"]();
      const [serverSide, deviceSide] = first === "server" ? [one, other] : [other, one];
      const client = await served(host, "through the link");
      const second = await served(host, "x".repeat(100_000));
      await ends(deviceSide, signal);
      await Promise.all([client, second].map((each) => until(() => each.ended || each.closed, "the client's end")));
      await assert.rejects(Client.open(host), "the port is there while the device is");
      const again = device(t, port, `127.0.0.1:${echo}`);
      const third = await served(host, "anew");
      await ends(serverSide, signal);
      await until(() => third.ended || third.closed, "the client's end");
      await until(() => again.stderr().includes("link lost"), "the device to notice");
      assert.equal(again.child.exitCode, null);
      await ends(again, signal); // between two attempts
    });
  }

  test("a device ends while it connects, and SIGHUP changes nothing for it", async (t) => {
    const hole = await BlackHole.open(t);
    await hole.close();
    const program = device(t, hole.port, "127.0.0.1:1");
    await until(() => program.stderr().includes("started"), "the device");
    program.child.kill("SIGHUP");
    await until(() => program.stderr().includes("configuration read again"), "the reload");
    await ends(program, "SIGTERM");
  });

  test("SIGHUP: links and clients stay", async (t) => {
    const [port, host, echo] = [await freePort(), await freePort(), await echoService(t)];
    const both = [server(t, port, host, echo), device(t, port, `127.0.0.1:${echo}`)];
    const client = await served(host, "before");
    for (const { child } of both) child.kill("SIGHUP");
    for (const { stderr } of both) await until(() => stderr().includes("configuration read again"), "the reload");
    await roundTrip(client, "after");
    for (const { stderr } of both) assert.doesNotMatch(stderr(), /link lost/);
  });

  test("a service that is not allowed closes its client and no other client of the link", async (t) => {
    const [port, host, forbidden] = [await freePort(), await freePort(), await freePort()];
    const [echo, other] = [await echoService(t), await echoService(t)];
    const more = [`127.0.0.1:${forbidden}`, `127.0.0.1:${other}`, "STAL=1"];
    server(t, port, host, echo, ...more);
    const deviceSide = device(t, port, `127.0.0.1:${echo}`);
    const client = await served(host, "allowed");
    await portAnswers(forbidden);
    await portAnswers(forbidden);
    const refused = await Client.open(forbidden);
    await until(() => refused.ended || refused.closed, "the end of the client");
    const reason = `refused: 127.0.0.1:${other} is not among the services allowed`;
    await until(() => deviceSide.stderr().includes(reason), "the log to tell why");
    await roundTrip(client, "still");
  });

  test("nc -N gets its answer, though its FIN is kept from the service", { skip: missing("nc") }, async (t) => {
    const [port, host] = [await freePort(), await freePort()];
    let ended = false;
    const service = createServer({ allowHalfOpen: true }, (socket) => {
      socket.once("data", (bytes) => setTimeout(() => socket.end(`answer to ${bytes}`), 300));
      socket.once("end", () => {
        ended = true;
      });
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(service, "listening");
    t.after(() => void service.close());
    const address = service.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    server(t, port, host, address.port);
    device(t, port, `127.0.0.1:${address.port}`);
    await portAnswers(host);
    const nc = run("sh", "-c", `printf question | nc -N 127.0.0.1 ${host}`);
    t.after(() => nc.kill());
    await nc.ended();
    assert.equal(nc.stdout(), "answer to question");
    await until(() => ended, "the end of the service's client");
  });

  test("a port in use is status 1, wrong arguments are 2, help is 0", async (t) => {
    const taken = await Device.open();
    t.after(() => taken.close());
    const busy = server(t, taken.port, await freePort(), 1);
    assert.equal(await busy.ended(), 1);
    assert.match(busy.stderr(), /already in use/);
    const wrong = command(t, "device", "--server", "127.0.0.1:7000");
    assert.equal(await wrong.ended(), 2);
    assert.match(wrong.stderr(), /^sockproxyd: --allow is missing: .*; see sockproxyd tunnel --help$/m);
    const files = server(t, await freePort(), await freePort(), 1, "TLS=1", "CERT=/nowhere", "PKEY=/nowhere");
    assert.equal(await files.ended(), 2);
    assert.match(files.stderr(), /\/nowhere/);
    const help = command(t, "--help");
    assert.equal(await help.ended(), 0);
    assert.match(help.stdout(), /^Usage: sockproxyd tunnel server /);
  });
});

test("TCPR: a daemon becomes a device for one service; the same TCPR again changes nothing", async (t) => {
  const daemon = await startDaemon();
  t.after(() => daemon.stop());
  const [port, host, forbidden] = [await freePort(), await freePort(), await freePort()];
  const [echo, other] = [await echoService(t), await echoService(t)];
  const serverSide = server(t, port, host, echo, `127.0.0.1:${forbidden}`, `127.0.0.1:${other}`);
  const { client } = await greet(daemon.port);
  for (const _ of [1, 2, 3]) {
    client.write(`TCPR 127.0.0.1:${port} 127.0.0.1:${echo}\n`);
    assert.equal(await client.line(), "OK TCPR");
  }
  await roundTrip(await served(host, "by TCPR"), "and on");
  const refused = await Client.open(forbidden);
  await until(() => refused.ended || refused.closed, "the end of the client");
  client.write("STAT\n");
  const line = ` device of 127.0.0.1:${port} for 127.0.0.1/32:${echo}: connected for `;
  const seen: string[] = [];
  for (let text = ""; !text.startsWith(" device"); seen.push(text)) text = await client.line();
  assert.ok(seen.at(-1)?.startsWith(line), seen.join("\n"));
  client.write("QUIT\n");
  assert.equal(await client.rest(), "OK QUIT\n", "one device, one line");
  await roundTrip(await served(host, "without who has said it"), "too");
  const bad = (await greet(daemon.port)).client;
  bad.write("TCPR nowhere\n");
  assert.equal(await bad.rest(), "ERR TCPR server:port local:port is wanted\n");
  await ends(serverSide, "SIGTERM");
  assert.equal(await daemon.stop(), 0);
});
