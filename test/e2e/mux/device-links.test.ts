// When links open, wait and close.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Asker } from "../../support/exchange.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { startMux } from "../../support/mux.js";
import { echo } from "../../support/protocols.js";
import { holding, type Link, never, promptly, Simulator } from "../../support/simulator.js";
import { pause, until } from "../../support/wait.js";

const modbus = modbusProtocol("modbus");
/** After this time an attempt to connect may follow the last one at once. */
const SECOND_ATTEMPT_MS = 1100;

describe("links", { concurrency: 4 }, () => {
  test("open on demand, close IDLE after the last client has left, and open again", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus IDLE=1.2`);
    await pause(100);
    assert.equal(device.links.length, 0, "nobody has asked yet");
    const first = await Asker.open(mux.port, modbus);
    const second = await Asker.open(mux.port, modbus);
    assert.equal(await first.outcome(1), "right");
    first.destroy();
    await pause(2000);
    assert.equal(await second.outcome(2), "right", "a client is still there");
    assert.equal(device.links.length, 1);
    const [link] = device.links as [Link];
    second.destroy();
    const since = performance.now();
    await until(() => link.over, "the link to be closed");
    const ms = performance.now() - since;
    assert.ok(ms >= 1100, `closed after ${ms} ms`);
    const third = await Asker.open(mux.port, modbus);
    assert.equal(await third.outcome(3), "right");
    assert.deepEqual([device.links.length, device.mostLinks], [2, 1]);
    third.destroy();
    const fourth = await Asker.open(mux.port, modbus);
    await pause(2000);
    assert.equal(await fourth.outcome(4), "right");
    assert.equal(device.links.length, 2, "somebody came before the time was up");
  });

  test("DLAY: a new link waits before its first request, and not before others", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus DLAY=0.7`);
    const client = await Asker.open(mux.port, modbus);
    const asked = performance.now(); // the link opens after that
    for (let key = 0; key < 18; key += 1) assert.equal(await client.outcome(key), "right");
    const times = device.links[0]?.requests.map(({ at }) => at - asked) ?? [];
    assert.ok((times[0] ?? 0) >= 650, `first request after ${times[0]} ms`);
    assert.ok((times[17] ?? 0) - (times[0] ?? 0) < 10_000, `requests after ${times.map(Math.round)} ms`); // 17 delays are 11.9 s
  });

  test("GAPM: requests on a link keep their distance", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus GAPM=150`);
    const clients = [await Asker.open(mux.port, modbus), await Asker.open(mux.port, modbus)];
    await Promise.all(clients.flatMap((client, own) => [0, 1, 2].map(async (key) => client.outcome(own * 100 + key))));
    const times = device.links[0]?.requests.map(({ at }) => at) ?? [];
    assert.equal(times.length, 6);
    for (let n = 1; n < times.length; n += 1) {
      const gap = (times[n] ?? 0) - (times[n - 1] ?? 0);
      assert.ok(gap >= 135, `${gap} ms between requests`);
    }
  });

  test("MAXA: an old link is replaced without losing a request", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus MAXA=1.5`);
    const client = await Asker.open(mux.port, modbus);
    const since = performance.now();
    for (let key = 0; device.links.length < 3; key += 1) {
      assert.equal(await client.outcome(key), "right");
      assert.ok(performance.now() - since < 15_000, `${device.links.length} links in 15 s`);
      await pause(10);
    }
    const [first, second] = device.links as [Link, Link];
    assert.ok(second.openedAt - first.openedAt >= 1200); // as the device sees it
    assert.deepEqual([device.mostLinks, device.refused], [1, 0]);
  });

  test("a link the device has closed is replaced without a client noticing", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
    const client = await ModbusClient.connect(mux.port);
    for (const end of ["end", "resetAndDestroy"] as const) {
      assert.equal(await client.read(1, 2), registerValue(1, 2));
      await pause(SECOND_ATTEMPT_MS);
      device.links.at(-1)?.socket[end]();
      await pause(50); // the FIN reaches the mux meanwhile
    }
    assert.equal(await client.read(3, 4), registerValue(3, 4));
    assert.deepEqual([device.links.length, device.refused], [3, 0]);
  });

  test("HLTH and PROB: a silent link is replaced before a client uses it", async (t) => {
    const device = await Simulator.open(modbus, { limit: 1 });
    t.after(() => device.stop());
    const probe = "000100000006110300070001"; // unit 17, register 7
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=0.5 HLTH=0.5 PROB=${probe}`);
    const client = await ModbusClient.connect(mux.port);
    assert.equal(await client.read(1, 2), registerValue(1, 2));
    await until(() => device.requests.length >= 3, "two probes");
    const asked = device.requests.at(-1)?.subarray(2).toString("hex");
    assert.equal(asked, probe.slice(4), "all but the id as the operator has named it");
    assert.equal(device.links.length, 1, "a link that answers is kept");
    assert.equal(client.surplus.length, 0, "nobody is told of probes");
    const [silent] = device.links as [Link];
    device.answering = (answer, link) => (link === silent ? undefined : promptly(answer, link, answer));
    const before = silent.requests.length;
    await until(() => silent.requests.length > before, "a probe that is not answered");
    await until(() => silent.over, "the silent link to be closed");
    assert.equal(await client.read(5, 6), registerValue(5, 6));
    assert.deepEqual([device.mostLinks, device.refused], [1, 0]);
  });

  test("HLTH and PROB: a link in use is not probed; echo is probed too", async (t) => {
    const device = await Simulator.open(echo);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} HLTH=1 PROB=${Buffer.from("probe\n").toString("hex")}`);
    const client = await Asker.open(mux.port, echo);
    const limit = performance.now() + 2500;
    for (let key = 0; performance.now() < limit; key += 1) {
      assert.equal(await client.outcome(key), "right");
      await pause(5);
    }
    const probes = (): number => device.requests.filter((request) => request.equals(Buffer.from("probe\n"))).length;
    assert.equal(probes(), 0);
    await until(() => probes() >= 2, "probes of the idle link");
    assert.deepEqual(client.surplus, []);
    assert.equal(await client.outcome(1), "right");
    assert.equal(device.links.length, 1);
  });

  test("POOL and PIPE: requests go to the link with the fewest requests", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering, limit: 2 });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus POOL=2 PIPE=4`);
    const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => ModbusClient.connect(mux.port)));
    const read = (client: ModbusClient, key: number): Promise<unknown> => client.outcome(key); // a read of its own each
    const first = clients.slice(0, 2).map(read);
    await until(() => held.length === 2 && device.links.length === 2, "two requests, and a second link");
    await until(() => mux.daemon.log().split("link connected").length === 3, "the second link to be used");
    const others = clients.slice(2).map((client, index) => read(client, 2 + index));
    await until(() => held.length === 6, "all requests");
    assert.deepEqual(device.links.map(({ outstanding }) => outstanding).sort(), [3, 3]);
    for (const send of held) send();
    for (const value of await Promise.all([...first, ...others])) assert.equal(value, "right");
  });

  test("connects are at least half a second apart, however often clients ask for a link that breaks", async (t) => {
    const device = await Simulator.open(echo, { answering: (_, link) => link.socket.resetAndDestroy() });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const limit = performance.now() + 4000;
    while (performance.now() < limit) {
      const client = await Asker.open(mux.port, echo);
      assert.equal(await client.outcome(1), "closed");
      client.destroy();
      await pause(20);
    }
    const times = device.links.map(({ openedAt }) => openedAt);
    assert.ok(times.length >= 2, `${times.length} links`);
    for (let n = 1; n < times.length; n += 1) {
      const gap = (times[n] ?? 0) - (times[n - 1] ?? 0);
      assert.ok(gap >= 450, `${gap} ms between connects`);
    }
  });

  test("echo: after a timeout a new link opens; the late answer reaches no client", async (t) => {
    const device = await Simulator.open(echo, { answering: never });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} TIME=0.4`);
    const [first, second] = [await Asker.open(mux.port, echo), await Asker.open(mux.port, echo)];
    device.answering = promptly;
    assert.equal(await first.outcome(0), "right");
    device.answering = never;
    assert.equal(await first.outcome(1), "closed", "how a timeout is told where the protocol knows no errors");
    const [link] = device.links as [Link];
    await until(() => link.over, "the link to be closed");
    link.write("question 1\n");
    device.answering = promptly;
    await pause(SECOND_ATTEMPT_MS);
    assert.equal(await second.outcome(2), "right", "the other client is still connected");
    assert.deepEqual(second.surplus, []);
    assert.deepEqual([device.links.length, device.mostLinks, (await mux.status()).timeouts], [2, 1, 1]);
  });
});
