// The order of requests, and which client gets which answer.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Asker } from "../../support/exchange.js";
import { readPdu, unwrap, wrap } from "../../support/modbus.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { startMux } from "../../support/mux.js";
import { conbus, echo, http, iso8583, mpu } from "../../support/protocols.js";
import { after, holding, promptly, Simulator } from "../../support/simulator.js";
import { pause, quietFor, until } from "../../support/wait.js";

const modbus = modbusProtocol("modbus");
const MODBUS = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => modbusProtocol(kind));

describe("exchange", { concurrency: 4 }, () => {
  for (const protocol of [...MODBUS, echo, iso8583, mpu, conbus, http]) {
    test(`${protocol.name}: each client gets its own answers, over one connection`, async (t) => {
      const device = await Simulator.open(protocol);
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} QLEN=50`);
      const clients = await Promise.all(Array.from({ length: 5 }, () => Asker.open(mux.port, protocol)));
      const outcomes = await Promise.all(
        clients.flatMap((client, own) => Array.from({ length: 40 }, (_, n) => client.outcome(own * 1001 + n * 7))),
      );
      assert.deepEqual([...new Set(outcomes)], ["right"]);
      for (const client of clients) assert.deepEqual(client.surplus, []);
      assert.deepEqual([device.links.length, device.refused, device.mostOutstanding], [1, 0, 1]);
      const status = await mux.status();
      assert.deepEqual(
        [status.port, status.protocol, status.target, status.clientCount, status.waiting, status.outstanding],
        [mux.port, protocol.name, `127.0.0.1:${device.port}`, 5, 0, 0],
      );
      assert.deepEqual([status.requests, status.answers, status.strays, status.timeouts], [200, 200, 0, 0]);
      assert.equal(status.links.length, 1);
      for (const client of clients) client.destroy();
      await until(async () => (await mux.status()).clientCount === 0, "STAT to count no clients");
    });

    test(`${protocol.name}: a request that comes byte by byte goes out whole; others go before it`, async (t) => {
      const device = await Simulator.open(protocol);
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name}`);
      const [slow, quick] = [await Asker.open(mux.port, protocol), await Asker.open(mux.port, protocol)];
      const request = protocol.request(123_456, 5);
      for (const byte of request.subarray(0, -1)) {
        slow.client.write(Buffer.from([byte]));
        await pause(1);
      }
      assert.equal(await quick.outcome(1), "right");
      assert.equal(device.requests.length, 1);
      slow.client.write(request.subarray(-1));
      await until(() => slow.surplus.length === 1, "the answer");
      assert.equal(protocol.meaning(slow.surplus[0] as Buffer), protocol.meaning(protocol.answer(request)));
    });
  }

  test("first come, first served", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(echo, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const clients = await Promise.all(Array.from({ length: 6 }, () => Asker.open(mux.port, echo)));
    const outcomes: Promise<string>[] = [];
    for (const [index, client] of clients.entries()) {
      outcomes.push(client.outcome(index));
      await mux.holds(index + 1);
    }
    for (let n = 0; n < 6; n += 1) {
      await until(() => held.length > n, "the next request");
      held[n]?.();
    }
    assert.deepEqual([...new Set(await Promise.all(outcomes))], ["right"]);
    assert.deepEqual(
      device.requests.map(String),
      Array.from({ length: 6 }, (_, n) => `question ${n}\n`),
    );
  });

  for (const protocol of [modbus, echo]) {
    test(`${protocol.name}: a client with a full queue lets others have their turn`, async (t) => {
      const { answering, held } = holding();
      const device = await Simulator.open(protocol, { answering });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name}`);
      const [many, one, another] = await Promise.all([1, 2, 3].map(() => Asker.open(mux.port, protocol)));
      const all = Array.from({ length: 20 }, (_, n) => many?.outcome(n));
      await mux.holds(20);
      all.push(one?.outcome(1000), another?.outcome(2000));
      await mux.holds(22);
      for (let n = 0; n < 22; n += 1) {
        await until(() => held.length > n, `request ${n}`);
        held[n]?.();
      }
      assert.deepEqual([...new Set(await Promise.all(all))], ["right"]);
      const isAsked = (key: number) => (request: Buffer) =>
        protocol.meaning(protocol.answer(request)).slice(-8) ===
        protocol.meaning(protocol.answer(protocol.request(key, 0))).slice(-8);
      for (const key of [1000, 2000]) {
        const place = device.requests.findIndex(isAsked(key));
        assert.ok(place >= 1 && place <= 3, `the request of another client was number ${place}`);
      }
    });
  }

  test("Modbus ids: each client gets the id it has used, whatever the others use", async (t) => {
    const device = await Simulator.open(modbus, { answering: after(20) });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus PIPE=4`);
    const clients = await Promise.all(Array.from({ length: 8 }, () => ModbusClient.connect(mux.port)));
    for (const id of [0, 1, 0xffff]) {
      const answers = await Promise.all(
        clients.map((client, unit) => client.ask(wrap("modbus", { id, unit, pdu: readPdu(unit) }))),
      );
      for (const [unit, answer] of answers.entries()) {
        const message = unwrap("modbus", answer ?? Buffer.alloc(9));
        assert.deepEqual([message.id, message.unit], [id, unit]);
        assert.equal(message.pdu.readUInt16BE(2), registerValue(unit, unit));
      }
    }
    const ids = device.requests.map((request) => request.readUInt16BE(0));
    for (let n = 3; n < ids.length; n += 1) {
      assert.equal(new Set(ids.slice(n - 3, n + 1)).size, 4, `ids at the device: ${ids}`);
    }
  });

  test("PIPE: so many requests are outstanding on a link, and no more", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus PIPE=4`);
    const clients = await Promise.all(Array.from({ length: 10 }, () => Asker.open(mux.port, modbus)));
    const outcomes = clients.map((client, key) => client.outcome(key));
    await until(() => held.length === 4, "four requests");
    await mux.holds(10);
    await quietFor(100);
    assert.equal(held.length, 4);
    for (const n of [3, 1, 2, 0]) held[n]?.(); // in another order
    await until(() => held.length === 8, "four more");
    for (const n of [7, 6, 5, 4]) held[n]?.();
    await until(() => held.length === 10, "the last ones");
    for (const n of [9, 8]) held[n]?.();
    assert.deepEqual([...new Set(await Promise.all(outcomes))], ["right"]);
    assert.equal(device.links.length, 1);
  });

  test("POOL: links open as they are needed and work in parallel", async (t) => {
    const device = await Simulator.open(echo, { limit: 4 });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} POOL=4`);
    const clients = await Promise.all(Array.from({ length: 8 }, () => Asker.open(mux.port, echo)));
    for (let key = 0; key < 5; key += 1) assert.equal(await clients[0]?.outcome(key), "right");
    assert.equal(device.links.length, 1, "one after another needs one link");
    const { answering, held } = holding();
    device.answering = answering;
    const outcomes = clients.map((client, key) => client.outcome(key));
    await until(() => held.length === 4, "four requests at the device", 15_000);
    assert.deepEqual(
      device.links.map(({ outstanding }) => outstanding),
      [1, 1, 1, 1],
    );
    device.answering = promptly;
    for (const send of held) send();
    assert.deepEqual([...new Set(await Promise.all(outcomes))], ["right"]);
    assert.deepEqual([device.mostLinks, device.mostOutstanding, device.refused], [4, 1, 0]);
    assert.equal((await mux.status()).links.length, 4);
  });

  for (const protocol of [echo, http]) {
    test(`${protocol.name}: with POOL a client's answers come in the order of its requests`, async (t) => {
      const { answering, held } = holding();
      const device = await Simulator.open(protocol, { limit: 3 });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} POOL=3`);
      const client = await Asker.open(mux.port, protocol);
      device.answering = answering;
      const outcomes = [1, 2, 3].map((key) => client.outcome(key));
      await until(() => held.length > 0, "a request at the device");
      const limit = performance.now() + 2500; // by then all three are there, if they go out at the same time at all
      await until(() => held.length === 3 || performance.now() > limit, "all of them, or none more");
      device.answering = promptly;
      for (const send of held.reverse()) send();
      assert.deepEqual(await Promise.all(outcomes), ["right", "right", "right"]);
    });
  }

  for (const protocol of [...MODBUS, echo, iso8583, mpu, conbus, http]) {
    test(`${protocol.name}: a client that leaves during a request affects no other client`, async (t) => {
      const { answering, held } = holding();
      const device = await Simulator.open(protocol, { answering });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name}`);
      for (const leave of ["destroy", "reset", "half"] as const) {
        const leaving = await Asker.open(mux.port, protocol);
        const other = await Asker.open(mux.port, protocol);
        const before = held.length;
        if (leave === "half") leaving.client.write(protocol.request(99, 9).subarray(0, -2));
        else void leaving.ask(protocol.request(99, 9));
        if (leave !== "half") await until(() => held.length > before, "the request at the device");
        if (leave === "reset") leaving.client.reset();
        else leaving.destroy();
        // a client that was destroyed has sent FIN, as one does that still waits for its answer
        if (leave !== "destroy")
          await until(async () => (await mux.status()).clientCount === 1, "the client to be gone");
        const outcome = other.outcome(100);
        if (leave !== "half") held[before]?.();
        await until(() => held.length === before + (leave === "half" ? 1 : 2), "the other's request");
        held.at(-1)?.();
        assert.equal(await outcome, "right");
        assert.deepEqual(other.surplus, []);
        other.destroy();
        await until(async () => (await mux.status()).clientCount === 0, "the other client to be gone");
      }
      assert.equal(device.links.length, 1, "all over the same connection");
    });
  }

  test("waiting requests of a client that has left do not go out", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
    const [leaving, other] = [await Asker.open(mux.port, modbus), await Asker.open(mux.port, modbus)];
    for (let key = 0; key < 5; key += 1) void leaving.outcome(key);
    await mux.holds(5);
    leaving.client.reset();
    await until(async () => (await mux.status()).clientCount === 1, "the client to be gone");
    const outcome = other.outcome(100);
    held[0]?.();
    await until(() => held.length === 2, "the other's request");
    held[1]?.();
    assert.equal(await outcome, "right");
    await quietFor(50);
    assert.equal(device.requests.length, 2);
  });

  test("a client that ends its side still gets its answers", async (t) => {
    const device = await Simulator.open(echo, { answering: after(100) });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const client = await Asker.open(mux.port, echo);
    const outcomes = [client.outcome(1), client.outcome(2)];
    client.client.end();
    assert.deepEqual(await Promise.all(outcomes), ["right", "right"]);
    await until(() => client.client.ended, "the end of the mux's side");
  });
});
