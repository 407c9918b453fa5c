// Both ends of a tunnel: clients, server, device, services.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { BlackHole } from "../../support/black-hole.js";
import { Network } from "../../support/cut.js";
import { startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { Client, Device, greet, reload } from "../../support/net.js";
import { descriptorsAtRest, faults } from "../../support/process.js";
import { statJson } from "../../support/stat-json.js";
import { processes, startDevice, startServer, startTunnel } from "../../support/tunnels.js";
import { until } from "../../support/wait.js";

const HOST = "127.0.0.1";

async function service(t: TestContext): Promise<Device> {
  const device = await Device.open();
  t.after(() => device.close());
  return device;
}

/** Sends a text and waits for its echo. */
async function echoed(port: number, text: string, withinMs?: number): Promise<void> {
  const client = await Client.open(port);
  client.write(text);
  assert.equal(await client.take(text.length, withinMs), text);
  client.reset(); // a FIN would leave its number taken until the service has been silent for a while
}

describe("both ends", { concurrency: 4 }, () => {
  test("clients of several ports reach their services", async (t) => {
    const services = [await service(t), await service(t), await service(t)];
    const { server } = await startTunnel(
      t,
      services.map(({ port }) => `${HOST}:${port}`),
    );
    for (const [index, each] of services.entries()) {
      const client = await Client.open(server.hosts[index] ?? 0);
      const side = await each.client();
      client.write(`to ${index}`);
      assert.equal(await side.take(4), `to ${index}`);
      side.write(`from ${index}`);
      assert.equal(await client.take(6), `from ${index}`);
    }
  });

  test("the three closing cases", async (t) => {
    const there = await service(t);
    let network: Network | undefined;
    const { server, device } = await startTunnel(t, [`${HOST}:${there.port}`], {
      through: async (port) => {
        network = await Network.open(port);
        return network.port;
      },
    });
    t.after(() => network?.close());
    const [host = 0] = server.hosts;

    let client = await Client.open(host);
    let side = await there.client(0);
    client.write("last words");
    assert.equal(await side.take(10), "last words");
    client.reset();
    await until(() => side.closed || side.ended, "the service's side to be closed at client request");
    side.destroy();

    client = await Client.open(host);
    side = await there.client(1);
    side.socket.end("z".repeat(500_000));
    assert.equal((await client.rest()).length, 500_000);
    client.destroy();

    client = await Client.open(host);
    side = await there.client(2);
    network?.cut();
    await until(() => (client.closed || client.ended) && (side.closed || side.ended), "both closed with the link");
    await until(async () => (await server.status()).links === 2, "the next link", 10_000);
    await server.listens(true, 10_000);
    client.destroy();
    side.destroy();

    client = await Client.open(host);
    side = await there.client(3);
    side.write("again");
    assert.equal(await client.take(5), "again");
    for (const { daemon } of [server, device]) assert.deepEqual(faults(daemon.log()), []);
  });

  test("a client that half-closes gets the rest of the answer, and the service the rest of the request", async (t) => {
    const there = await service(t);
    const { server } = await startTunnel(t, [`${HOST}:${there.port}`]);
    const client = await Client.open(server.hosts[0] ?? 0);
    const question = "q".repeat(400_000);
    client.socket.end(question);
    const side = await there.client();
    assert.equal(await side.take(question.length), question);
    side.write("a".repeat(1_000_000));
    side.socket.end("!");
    assert.equal(await client.rest(), `${"a".repeat(1_000_000)}!`);
  });

  test("a FIN passes at once, both ways: a service that waits for the end of the question answers", async (t) => {
    const there = await service(t);
    const { server } = await startTunnel(t, [`${HOST}:${there.port}`]);
    const [host = 0] = server.hosts;
    const asking = await Client.open(host);
    asking.socket.end("question");
    let side = await there.client();
    assert.equal(await side.rest(), "question");
    side.socket.end("answer");
    assert.equal(await asking.rest(), "answer");
    const telling = await Client.open(host);
    side = await there.client(1);
    side.socket.end("all there is");
    assert.equal(await telling.rest(), "all there is");
    telling.write("thanks");
    assert.equal(await side.take(6), "thanks");
    telling.end();
    await until(async () => (await server.status()).link?.clients === 0, "both to be over");
  });

  test("a reset passes as a reset, both ways, behind the bytes before it", async (t) => {
    const there = await service(t);
    const { server, device } = await startTunnel(t, [`${HOST}:${there.port}`]);
    const [host = 0] = server.hosts;
    const text = "x".repeat(300_000);
    for (const from of ["client", "service"]) {
      const client = await Client.open(host);
      const side = await there.client(from === "client" ? 0 : 1);
      const [source, sink] = from === "client" ? [client, side] : [side, client];
      source.write(text);
      await until(() => sink.bytes.length === text.length, "the bytes");
      source.reset();
      await until(() => sink.closed, "the end");
      assert.equal(sink.error?.code, "ECONNRESET", from);
      assert.equal(sink.bytes.toString(), text);
    }
    for (const { status } of [server, device])
      await until(async () => (await status()).link?.clients === 0, "both to be over");
  });

  test("a service that takes its time behind a FIN has half-close= for that, and the client is reset when that is over", async (t) => {
    const there = await service(t);
    const { server } = await startTunnel(t, [`${HOST}:${there.port}`], { options: "HALF=1" });
    const client = await Client.open(server.hosts[0] ?? 0);
    client.socket.end("question");
    const side = await there.client();
    assert.equal(await side.rest(), "question");
    const since = performance.now();
    await until(() => client.closed, "the limit");
    assert.ok(performance.now() - since > 950, "too early");
    assert.equal(client.error?.code, "ECONNRESET");
    const fails = (): boolean => {
      side.write("too late"); // Node, having read FIN, notices a reset only so
      return side.closed;
    };
    await until(fails, "the reset of the service's side");
  });

  test("a forbidden, a refusing and a hanging service affect no other client", async (t) => {
    const hole = await BlackHole.open(t);
    await hole.close();
    const [echo, forbidden, refusing] = [await startEcho(), await service(t), await freePort()];
    t.after(() => echo.stop());
    const ports = [echo.port, forbidden.port, refusing, hole.port].map((port) => `${HOST}:${port}`);
    const allow = ports.filter((_, index) => index !== 1);
    const { server } = await startTunnel(t, ports, { allow });
    const [to, toForbidden = 0, toRefusing = 0, toHole = 0] = server.hosts as [number, ...number[]];
    const hanging = [await Client.open(toHole), await Client.open(toHole)];
    for (const each of hanging) each.write("hello?");
    for (const port of [toForbidden, toRefusing]) {
      const client = await Client.open(port);
      client.write("hello?");
      assert.equal(await client.rest(10_000), "");
      client.destroy();
    }
    await echoed(to, "undisturbed", 2000);
    assert.equal(forbidden.clients.length, 0);
    assert.ok(hanging.every(({ ended, closed }) => !ended && !closed));
    hole.release();
    await echoed(to, "still undisturbed", 2000);
  });

  test("two tunnels of one server, each with its own device", async (t) => {
    const services = [await service(t), await service(t)];
    for (const [index, each] of services.entries()) {
      const { server } = await startTunnel(t, [`${HOST}:${each.port}`]);
      const client = await Client.open(server.hosts[0] ?? 0);
      client.write(`${index}`);
      assert.equal(await (await each.client()).take(1), `${index}`);
    }
  });

  test("TCPR from loopback starts a device for that service and no other", async (t) => {
    const [echo, other] = [await startEcho(), await service(t)];
    t.after(() => echo.stop());
    const server = await startServer(t, [`${HOST}:${echo.port}`, `${HOST}:${other.port}`]);
    const device = await startDevice(t, await freePort(), []); // a daemon whose own server does not run
    const { client } = await greet(device.daemon.port);
    client.write(`TCPR ${HOST}:${server.port} ${HOST}:${echo.port}\n`);
    assert.match(await client.line(), /^OK TCPR\b/);
    client.destroy();
    await server.listens();
    const [to = 0, toOther = 0] = server.hosts;
    await echoed(to, "at run time");
    const refused = await Client.open(toOther);
    assert.equal(await refused.rest(10_000), "");
    assert.equal(other.clients.length, 0);
    const { devices } = await statJson(device.daemon.port);
    assert.equal(devices.find((each) => each.server === `${HOST}:${server.port}`)?.connected, true);
  });

  test("a wrong TCPR gets ERR", async (t) => {
    const device = await startDevice(t, await freePort(), []);
    for (const words of [
      "",
      " 127.0.0.1:1",
      " 127.0.0.1:1 nowhere",
      " 127.0.0.1:0 127.0.0.1:80",
      " 1.2.3.4:99999 a:1",
    ]) {
      const { client } = await greet(device.daemon.port);
      client.write(`TCPR${words}\n`);
      assert.match(await client.line(), /^ERR TCPR ./, words);
      client.destroy();
    }
    assert.equal((await statJson(device.daemon.port)).devices.length, 1);
  });

  test("RELD removes and adds tunnels; unchanged tunnels keep their clients", async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const { server } = await startTunnel(t, [`${HOST}:${echo.port}`]);
    const [host = 0] = server.hosts;
    const client = await Client.open(host);
    const [port, second] = [await freePort(), await freePort()];
    const kept = `[tunnel]\n${server.port}=EXPOSE 127.0.0.1:${host}>${HOST}:${echo.port}\n`;
    server.config.write(`${kept}${port}=EXPOSE 127.0.0.1:${second}>${HOST}:${echo.port}\n`);
    assert.match(await reload(server.daemon.port), /^OK/);
    await startDevice(t, port, [`${HOST}:${echo.port}`]);
    await until(
      async () => (await statJson(server.daemon.port)).tunnels.every(({ listening }) => listening),
      "both to listen",
    );
    await echoed(second, "brought");
    client.write("kept");
    assert.equal(await client.take(4), "kept");
    server.config.write(`[tunnel]\n${port}=EXPOSE 127.0.0.1:${second}>${HOST}:${echo.port}\n`);
    assert.match(await reload(server.daemon.port), /^OK/);
    await until(() => client.closed || client.ended, "the client of the line that is gone to be closed", 10_000);
    await server.listens(false, 10_000);
    await echoed(second, "stays");
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("many clients one after another leave no descriptor behind", async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const { server, device } = await processes.startTunnel(t, [`${HOST}:${echo.port}`]);
    const [host = 0] = server.hosts;
    await echoed(host, "warm");
    const rest = async () => [await descriptorsAtRest(server.daemon), await descriptorsAtRest(device.daemon)];
    const before = await rest();
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 30 }, (_, index) => echoed(host, `${round} ${index}`)));
    }
    await until(async () => (await rest()).every((count, index) => count <= (before[index] ?? 0)), "the descriptors");
    assert.equal((await server.status()).link?.clients, 0);
  });
});
