// Modbus in the mux: ids, timeouts, cache, writes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readPdu, words, wrap, writeManyPdu, writePdu } from "../../support/modbus.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { rawDevice } from "../../support/raw-device.js";
import { type Answering, holding, never, promptly, Simulator } from "../../support/simulator.js";
import { quietFor, until } from "../../support/wait.js";

const KINDS = ["modbus", "modbus-rtu", "modbus-serial"] as const;
const modbus = modbusProtocol("modbus");

describe("modbus", { concurrency: 4 }, () => {
  for (const kind of KINDS) {
    test(`${kind}: reads, writes and exceptions of every kind pass`, async (t) => {
      const device = await Simulator.open(modbusProtocol(kind, new Map()));
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${kind}`);
      const client = await ModbusClient.connect(mux.port, kind);
      assert.equal(await client.read(9, 50), registerValue(9, 50));
      const bits = ((registerValue(9, 50) & 1) + 2 * (registerValue(9, 51) & 1)).toString(16).padStart(2, "0");
      assert.equal(await client.call(9, words(1, 50, 2)), `0101${bits}`);
      assert.equal(await client.call(9, words(2, 50, 2)), `0201${bits}`);
      assert.match(await client.call(9, words(4, 50, 125)), /^04fa/);
      assert.equal(await client.call(9, words(5, 50, 0xff00)), "050032ff00");
      assert.equal(await client.call(9, writePdu(51, 7)), "0600330007");
      assert.equal(await client.call(9, writeManyPdu(52, 8, 9)), "1000340002");
      assert.equal(await client.call(9, readPdu(50, 4)), "03080001000700080009");
      const many = Array.from({ length: 123 }, (_, n) => n);
      assert.equal(await client.call(9, writeManyPdu(100, ...many)), "100064007b");
      const requestId = (): number => (kind === "modbus-serial" ? 0 : (device.requests.at(-1)?.readUInt16BE(0) ?? 0));
      device.answering = (_, link) =>
        link.send(wrap(kind, { id: requestId(), unit: 9, pdu: Buffer.from([0x83, 0x02]) }));
      assert.equal(await client.call(9, readPdu(1)), "8302", "an exception of the device is an answer");
      assert.equal(device.links.length, 1);
    });
  }

  for (const kind of ["modbus", "modbus-rtu"] as const) {
    test(`${kind}: a timeout is exception 0x0B, the link survives, the late answer reaches no client`, async (t) => {
      const held: (() => void)[] = [];
      const device = await Simulator.open(modbusProtocol(kind), {
        answering: (answer, link) => void held.push(() => link.send(answer)),
      });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${kind} TIME=1`);
      const client = await ModbusClient.connect(mux.port, kind);
      const since = performance.now();
      assert.equal(await client.call(1, readPdu(10)), "830b");
      assert.ok(performance.now() - since >= 990);
      // the wait counts from when the client asked, the time of the device from when it was asked
      await until(async () => (await mux.status()).outstanding === 0, "the request to be given up");
      const value = client.read(1, 11);
      await until(() => held.length === 2, "the next request");
      for (const answer of held) answer(); // the late one first
      assert.equal(await value, registerValue(1, 11));
      const status = await mux.status();
      assert.deepEqual([status.timeouts, status.strays], [1, 1]);
      assert.deepEqual(client.surplus, []);
      assert.equal(device.links.length, 1);
    });
  }

  test("modbus-serial: after a timeout a new link opens", async (t) => {
    const device = await Simulator.open(modbusProtocol("modbus-serial"), { answering: never });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus-serial TIME=0.4`);
    const client = await ModbusClient.connect(mux.port, "modbus-serial");
    assert.equal(await client.call(1, readPdu(10)), "830b");
    device.answering = promptly;
    await until(() => device.links[0]?.over === true, "the link to be closed");
    await until(async () => !/^83/.test(await client.call(1, readPdu(11))), "a new link");
    assert.equal(await client.read(1, 11), registerValue(1, 11));
    assert.equal(device.links.length, 2);
  });

  /** Unsolicited answers, sent before the right one. */
  const UNSOLICITED: readonly [name: string, unsolicited: (answer: Buffer) => Buffer][] = [
    [
      "id",
      (answer) => Buffer.concat([Buffer.from([answer.readUInt8(0) ^ 0x55, answer.readUInt8(1)]), answer.subarray(2)]),
    ],
    ["unit", (answer) => wrap("modbus", { id: answer.readUInt16BE(0), unit: 99, pdu: answer.subarray(7) })],
    [
      "function",
      (answer) =>
        wrap("modbus", { id: answer.readUInt16BE(0), unit: answer.readUInt8(6), pdu: Buffer.from("04020bad", "hex") }),
    ],
  ];
  for (const [name, unsolicited] of UNSOLICITED) {
    test(`an answer with a wrong ${name} is dropped, counted and logged; the right answer still reaches the client`, async (t) => {
      const answering: Answering = (answer, link) => {
        link.write(unsolicited(answer));
        setTimeout(() => link.send(answer), 100);
      };
      const device = await Simulator.open(modbus, { answering });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
      const client = await ModbusClient.connect(mux.port);
      const before = mux.daemon.log().length;
      assert.equal(await client.read(5, 500), registerValue(5, 500));
      assert.equal((await mux.status()).strays, 1);
      assert.deepEqual(client.surplus, []);
      assert.equal(device.links.length, 1);
      await until(() => mux.daemon.log().slice(before).includes(" WARN "), "the log to tell");
    });
  }

  test("duplicates are dropped and counted, also when the next request waits already", async (t) => {
    const device = await Simulator.open(modbus, {
      answering: (answer, link) => link.send(Buffer.concat([answer, answer])),
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
    const client = await ModbusClient.connect(mux.port);
    const addresses = Array.from({ length: 30 }, (_, n) => n);
    const values = await Promise.all(addresses.map((address) => client.read(1, address)));
    assert.deepEqual(
      values,
      addresses.map((address) => registerValue(1, address)),
    );
    await until(async () => (await mux.status()).strays === 30, "30 strays");
    assert.deepEqual(client.surplus, []);
  });

  test("CACH: the same read gets the cached answer for that time, another read does not", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=1500`);
    const [one, other] = [await ModbusClient.connect(mux.port), await ModbusClient.connect(mux.port)];
    const since = performance.now();
    assert.equal(await one.read(1, 10), registerValue(1, 10));
    for (let n = 0; n < 5; n += 1) assert.equal(await other.read(1, 10), registerValue(1, 10));
    if (performance.now() - since < 1500) assert.equal(device.requests.length, 1);
    assert.ok((await mux.status()).cacheHits >= 1);
    assert.equal(await other.read(2, 10), registerValue(2, 10), "another unit");
    assert.equal(await other.read(1, 11), registerValue(1, 11), "another address");
    const two = [registerValue(1, 10), registerValue(1, 11)].map((value) => value.toString(16).padStart(4, "0"));
    assert.equal(await other.call(1, readPdu(10, 2)), `0304${two.join("")}`, "another count");
    assert.equal(await other.call(1, words(4, 10, 1)), `0402${two[0]}`, "another function");
    assert.equal(device.requests.length, 5);
    const answered = performance.now(); // the read of two registers has this one, too
    await until(() => performance.now() - answered > 1600, "the time to be over");
    assert.equal(await one.read(1, 10), registerValue(1, 10));
    assert.equal(device.requests.length, 6);
  });

  test("without CACH no read shares the answer to one that is at the device already", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus PIPE=4`);
    const [one, other] = [await ModbusClient.connect(mux.port), await ModbusClient.connect(mux.port)];
    const reads = [one.read(1, 10)];
    await until(() => held.length === 1, "the first at the device");
    reads.push(other.read(1, 10));
    await until(() => held.length === 2, "both at the device");
    for (const send of held) send();
    await Promise.all(reads);
  });

  for (const pipe of [1, 4]) {
    test(`CACH: identical reads in flight reach the device once, PIPE=${pipe}`, async (t) => {
      const { answering, held } = holding();
      const device = await Simulator.open(modbus, { answering });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=500 PIPE=${pipe}`);
      const clients = await Promise.all(Array.from({ length: 4 }, () => ModbusClient.connect(mux.port)));
      const reads = clients.map((client, n) => client.call(1, readPdu(10), 100 + n));
      await until(async () => (await mux.status()).joined === 3, "three to be joined");
      const [leaving] = clients.splice(3, 1);
      leaving?.client.reset();
      held[0]?.();
      const expected = `0302${registerValue(1, 10).toString(16).padStart(4, "0")}`;
      assert.deepEqual(await Promise.all(reads), [expected, expected, expected, "closed"]);
      for (const client of clients) assert.deepEqual(client.surplus, []);
      assert.equal(device.requests.length, 1);
    });
  }

  test("CACH: the first client leaves, the coalesced clients get the answer", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=60000`);
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => ModbusClient.connect(mux.port)));
    void first?.call(1, readPdu(10));
    await until(() => held.length === 1, "the read");
    void first?.call(1, readPdu(11)); // waits
    await mux.holds(2);
    const reads = [second?.read(1, 10), third?.read(1, 11)];
    await until(async () => (await mux.status()).joined >= 1, "one to be joined");
    first?.client.reset();
    await until(async () => (await mux.status()).clientCount === 2, "the first to be gone");
    held[0]?.();
    assert.equal(await reads[0], registerValue(1, 10));
    await until(() => held.length === 2, "the other read, though one of its askers has left");
    held[1]?.();
    assert.equal(await reads[1], registerValue(1, 11));
    assert.equal(device.requests.length, 2);
  });

  for (const write of [writePdu(10, 4711), writeManyPdu(9, 1, 4711, 2)]) {
    test(`CACH: a write, function ${write.readUInt8(0)}, makes the next read reach the device`, async (t) => {
      const device = await Simulator.open(modbusProtocol("modbus", new Map()));
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=60000`);
      const [one, other] = [await ModbusClient.connect(mux.port), await ModbusClient.connect(mux.port)];
      assert.equal(await one.read(1, 10), registerValue(1, 10));
      await other.call(1, write);
      assert.equal(await one.read(1, 10), 4711);
    });
  }

  test("CACH: a read in flight during a write is neither cached nor coalesced", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbusProtocol("modbus", new Map()), { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=60000 PIPE=4`);
    const [one, other, third] = await Promise.all([1, 2, 3].map(() => ModbusClient.connect(mux.port)));
    const old = one?.read(1, 10);
    await until(() => held.length === 1, "the read"); // the device has taken the old value
    const written = other?.call(1, writePdu(10, 4711));
    await until(() => held.length === 2, "the write");
    held[1]?.();
    assert.equal(await written, "06000a1267");
    const later = other?.read(1, 10);
    await until(() => held.length === 3, "a read of its own for one who knows of the write");
    held[0]?.();
    assert.equal(await old, registerValue(1, 10));
    device.answering = promptly;
    const latest = third?.read(1, 10); // may join the later read
    held[2]?.();
    assert.deepEqual([await later, await latest], [4711, 4711], "the old value is not remembered");
  });

  test("CACH: a failure is not cached", async (t) => {
    const device = await Simulator.open(modbus, { answering: never });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=60000 TIME=0.3`);
    const client = await ModbusClient.connect(mux.port);
    assert.equal(await client.call(1, readPdu(10)), "830b");
    device.answering = promptly;
    assert.equal(await client.read(1, 10), registerValue(1, 10));
  });

  const WRITES: readonly [pdu: Buffer, done: string][] = [
    [words(5, 10, 0xff00), "05000aff00"],
    [writePdu(10, 4711), "06000a1267"],
    [Buffer.from("0f000a000301" + "05", "hex"), "0f000a0003"],
    [writeManyPdu(10, 1, 2), "10000a0002"],
    [words(22, 10, 0x00f2, 0x0025), "16000a00f20025"],
  ];
  for (const kind of KINDS) {
    test(`${kind}: RDON=deny refuses writes with exception 0x01, RDON=ignore answers them as done; reads pass`, async (t) => {
      const device = await Simulator.open(modbusProtocol(kind, new Map()), { limit: 2 });
      t.after(() => device.stop());
      const line = `127.0.0.1:${device.port} PROT=${kind}`;
      const mux = await startMux(t, [`${line} RDON=deny`, `${line} RDON=ignore`]);
      const [deny, ignore] = await Promise.all(mux.ports.map((port) => ModbusClient.connect(port, kind)));
      for (const [pdu, done] of WRITES) {
        const refused = `${(pdu.readUInt8(0) | 0x80).toString(16)}01`;
        assert.equal(await deny?.call(1, pdu), refused);
        assert.equal(await ignore?.call(1, pdu), done);
      }
      assert.deepEqual(device.requests, [], "the device hears nothing of them");
      assert.equal(await deny?.read(1, 10), registerValue(1, 10));
      assert.equal(await ignore?.read(1, 10), registerValue(1, 10));
    });
  }

  test("a write whose link is lost is not sent again; a read is, once", async (t) => {
    const device = await Simulator.open(modbusProtocol("modbus", new Map()));
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=5`);
    const client = await ModbusClient.connect(mux.port);
    assert.equal(await client.read(1, 10), registerValue(1, 10)); // the link is good
    device.answering = (_answer, link) => link.socket.resetAndDestroy();
    assert.equal(await client.call(1, writePdu(10, 4711)), "860b");
    assert.equal(device.requests.length, 2, "the read before it, and the write");
    const breaking = device.answering;
    device.answering = promptly;
    assert.equal(await client.read(1, 12), registerValue(1, 12)); // the new link is good
    device.answering = breaking;
    assert.equal(await client.call(1, readPdu(10)), "830b");
    assert.equal(device.requests.length, 5, "twice the last read");
    device.answering = promptly;
    await until(async () => (await client.call(1, readPdu(11))).startsWith("0302"), "the device to be reached again");
  });

  for (const words of ["RDON=deny", "RDON=ignore"]) {
    test(`modbus-serial, ${words}: a write to all units (0) is not answered`, async (t) => {
      const device = await Simulator.open(modbusProtocol("modbus-serial"));
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus-serial ${words}`);
      const client = await ModbusClient.connect(mux.port, "modbus-serial");
      client.client.write(wrap("modbus-serial", { id: 0, unit: 0, pdu: Buffer.from("0600010001", "hex") }));
      await quietFor(300);
      assert.deepEqual(client.surplus, []);
      assert.equal(client.client.bytes.length, 0);
    });
  }

  test("modbus-serial: a write to all units is not answered when there is no link either", async (t) => {
    const device = await rawDevice(t, {});
    const { port } = device;
    const mux = await startMux(t, `127.0.0.2:${port} PROT=modbus-serial`);
    const client = await Client.open(mux.port);
    client.write(wrap("modbus-serial", { id: 0, unit: 0, pdu: Buffer.from("0600010001", "hex") }));
    await quietFor(300);
    assert.equal(client.bytes.toString("hex"), "");
  });
});
