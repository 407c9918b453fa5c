// Malformed messages of clients and of devices.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Asker } from "../../support/exchange.js";
import { readPdu, wrap, writeManyPdu } from "../../support/modbus.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { conbus, echo, http, mpu, told } from "../../support/protocols.js";
import { holding, promptly, Simulator } from "../../support/simulator.js";
import { until } from "../../support/wait.js";

const modbus = modbusProtocol("modbus");
const MODBUS = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => modbusProtocol(kind));

describe("malformed messages", { concurrency: 4 }, () => {
  const long = "x".repeat(1_000_000);
  const mbap = (...bytes: number[]): Buffer => Buffer.concat([Buffer.from(bytes), Buffer.alloc(300)]);
  const wrongCrc = (kind: "modbus-rtu" | "modbus-serial"): Buffer => {
    const request = wrap(kind, { id: 1, unit: 1, pdu: readPdu(1) });
    request.writeUInt16BE(request.readUInt16BE(request.length - 2) ^ 0x5555, request.length - 2);
    return request;
  };
  const MALFORMED: readonly [protocol: typeof modbus, what: string, bytes: Buffer][] = [
    [modbus, "another protocol's number", mbap(0, 1, 0, 7, 0, 6, 1, 3, 0, 0, 0, 1)],
    [modbus, "no length", mbap(0, 1, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1)],
    [modbus, "a length without function", mbap(0, 1, 0, 0, 0, 1, 1)],
    [modbus, "too great a length", mbap(0, 1, 0, 0, 255, 255, 1, 3)],
    [modbus, "a length of 300", mbap(0, 1, 0, 0, 1, 44, 1, 3)],
    [modbus, "a length of 255", mbap(0, 1, 0, 0, 0, 255, 1, 3)],
    [modbus, "a web browser's greeting", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    [modbusProtocol("modbus-rtu"), "a wrong CRC", Buffer.concat([wrongCrc("modbus-rtu"), Buffer.alloc(300)])],
    [modbusProtocol("modbus-serial"), "a wrong CRC", Buffer.concat([wrongCrc("modbus-serial"), Buffer.alloc(300)])],
    [echo, "a line without end", Buffer.from(long.repeat(40))],
    [mpu, "no digits", Buffer.from("12x40000")],
    [conbus, "a telegram without end", Buffer.from(`<${long}`)],
    [http, "no HTTP", Buffer.from("\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")],
    [http, "a header without end", Buffer.from(`GET / HTTP/1.1\r\nX: ${long}`)],
  ];
  for (const [protocol, what, bytes] of MALFORMED) {
    test(`${protocol.name}: ${what}: a log line, and only that client is closed`, async (t) => {
      const device = await Simulator.open(protocol);
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name}`);
      const [bad, good] = [await Client.open(mux.port), await Asker.open(mux.port, protocol)];
      assert.equal(await good.outcome(1), "right");
      const before = mux.daemon.log().length;
      bad.write(bytes);
      await until(() => bad.ended || bad.closed, "the client to be closed");
      if (protocol === http && bad.bytes.length > 0) assert.match(bad.bytes.toString("latin1"), /^HTTP\/1\.1 4\d\d /);
      assert.equal(await good.outcome(2), "right");
      assert.deepEqual([device.requests.length, device.links.length], [2, 1]);
      await until(() => /closed: (?!by client)\w+ \w+/.test(mux.daemon.log().slice(before)), "a line in the log");
      bad.destroy();
    });
  }

  for (const kind of ["modbus-rtu", "modbus-serial"] as const) {
    test(`${kind}: a client whose CRC is wrong hears of it at once, and the log has its bytes`, async (t) => {
      const protocol = modbusProtocol(kind);
      const device = await Simulator.open(protocol);
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${kind}`);
      const long = wrap(kind, { id: 1, unit: 1, pdu: writeManyPdu(1, 2, 3, 4) });
      for (const request of [wrongCrc(kind), Buffer.concat([long.subarray(0, -2), Buffer.from([0, 0])])]) {
        const bad = await Client.open(mux.port);
        bad.write(request);
        await until(() => bad.ended || bad.closed, "the client to be closed");
        await until(() => mux.daemon.log().includes(`(${request.toString("hex")})`), "the bytes in the log");
        bad.destroy();
      }
      assert.deepEqual(device.requests, []);
    });
  }

  test("modbus: a client that stops within a request hears of it, too", async (t) => {
    const device = await Simulator.open(modbus);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
    const bad = await Client.open(mux.port);
    bad.write(Buffer.from("00010000000801030000", "hex"));
    await until(() => bad.ended || bad.closed, "the client to be closed");
    assert.match(mux.daemon.log(), /the rest of a message did not come within 3 s \(00010000000801030000\)/);
    bad.destroy();
  });

  for (const protocol of MODBUS) {
    test(`${protocol.name}: malformed bytes of a device reach no client`, async (t) => {
      const device = await Simulator.open(protocol, {
        answering: (answer, link) => {
          const wrong = Buffer.from(answer);
          wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 0xff, wrong.length - 1);
          link.send(protocol.name === "modbus" ? mbap(9, 9, 9, 9, 9, 9) : wrong);
        },
      });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} TIME=1`);
      const client = await Asker.open(mux.port, protocol);
      assert.match(await told(client, protocol, 4), /^830[ab]$/);
      device.answering = promptly;
      await until(async () => (await told(client, protocol, 8)) === "right", "the link to be good again");
      assert.deepEqual(client.surplus, []);
    });
  }

  test("http: bytes behind a malformed request are dropped", async (t) => {
    const device = await Simulator.open(http);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const two =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
    const client = await Client.open(mux.port);
    client.write(two);
    await until(() => client.ended || client.closed, "the client to be closed");
    assert.ok(!device.requests.some((request) => request.includes("/b")));
    client.destroy();
  });

  test("a client closed for a malformed message gets the answers to its earlier requests", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
    const other = await ModbusClient.connect(mux.port);
    const bad = await Client.open(mux.port);
    bad.write(wrap("modbus", { id: 1, unit: 1, pdu: readPdu(1) }));
    await until(() => held.length === 1, "the good request");
    bad.write(mbap(0, 1, 0, 7, 0, 6));
    device.answering = promptly;
    const read = other.read(1, 5);
    await until(async () => (await mux.status()).malformed === 1, "the mux to see it");
    held[0]?.();
    const answer = modbus.answer(wrap("modbus", { id: 1, unit: 1, pdu: readPdu(1) }));
    assert.equal(Buffer.from(await bad.rest(), "latin1").toString("hex"), answer.toString("hex"));
    assert.equal(await read, registerValue(1, 5));
    bad.destroy();
  });
});
