// Clients and devices of another protocol than that of their line.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Asker } from "../../support/exchange.js";
import { type ModbusKind, readPdu, wrap } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { conbus, echo, http, iso8583 } from "../../support/protocols.js";
import { Simulator } from "../../support/simulator.js";
import { until } from "../../support/wait.js";
import { Animal } from "../../zoo/animals/animal.js";
import { changes } from "../../zoo/animals/habits.js";

const WITHIN_MS = 10_000;
const asked = (kind: ModbusKind): Buffer => wrap(kind, { id: 1, unit: 1, pdu: readPdu(0, 2) });
const ANSWER = Buffer.from("030400010002", "hex");
const modbus = modbusProtocol("modbus");
const rtu = modbusProtocol("modbus-rtu");
const serial = modbusProtocol("modbus-serial");

describe("another protocol", { concurrency: 8 }, () => {
  const CLIENTS: readonly [own: typeof modbus, bytes: Buffer, said: string, reply: RegExp][] = [
    [echo, asked("modbus"), "PROT=modbus", /^00010000000301830a$/],
    [echo, Buffer.from("STATUS\r"), "LEND=cr", /^$/],
    [iso8583, asked("modbus"), "PROT=modbus", /^00010000000301830a$/],
    [rtu, asked("modbus-serial"), "PROT=modbus-serial", /^01830a[0-9a-f]{4}$/],
    [rtu, asked("modbus"), "PROT=modbus", /^00010000000301830a$/],
    [modbus, asked("modbus-serial"), "PROT=modbus-serial", /^01830a[0-9a-f]{4}$/],
    [modbus, asked("modbus-ascii"), "PROT=modbus-ascii", /^3a3031383330413732.*0d0a$/],
    [modbus, http.request(1, 1), "PROT=http", /^485454502f312e3120343030/],
    [serial, asked("modbus"), "PROT=modbus", /^00010000000301830a$/],
    [conbus, asked("modbus"), "PROT=modbus", /^00010000000301830a$/],
  ];
  for (const [own, bytes, said, reply] of CLIENTS) {
    test(`a client of ${own.name} that sends ${bytes.toString("hex", 0, 16)}: ${said}`, async (t) => {
      const device = await Simulator.open(own);
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${own.name}`);
      const [stranger, good] = [await Client.open(mux.port), await Asker.open(mux.port, own)];
      assert.equal(await good.outcome(1), "right");
      const since = performance.now();
      stranger.write(bytes);
      const line = new RegExp(`client closed: not a message of ${own.name}: this looks like .*: ${said} `);
      await until(() => line.test(mux.daemon.log()), "a line in the log", WITHIN_MS);
      assert.match(Buffer.from(await stranger.rest(WITHIN_MS), "latin1").toString("hex"), reply);
      assert.ok(performance.now() - since < WITHIN_MS);
      assert.equal(await good.outcome(2), "right");
      assert.deepEqual([device.requests.length, device.links.length], [2, 1], "the device has seen nothing of it");
    });
  }

  const DEVICES: readonly [options: string, own: typeof modbus, says: Buffer, said: string][] = [
    ["PROT=echo", echo, Buffer.from("OK\r"), "LEND=cr"],
    ["PROT=echo", echo, wrap("modbus", { id: 1, unit: 1, pdu: ANSWER }), "PROT=modbus"],
    ["PROT=iso8583", iso8583, wrap("modbus", { id: 9999, unit: 1, pdu: ANSWER }), "PROT=modbus"],
    ["PROT=modbus", modbus, wrap("modbus-serial", { id: 0, unit: 1, pdu: ANSWER }), "DPRO=modbus-serial"],
    ["PROT=modbus-serial", serial, wrap("modbus", { id: 1, unit: 1, pdu: Buffer.of(0x83, 1) }), "DPRO=modbus"],
    ["PROT=modbus-serial", serial, Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), "PROT=http"],
  ];
  for (const [options, own, says, said] of DEVICES) {
    test(`a device of ${options} that answers ${says.toString("hex", 0, 16)}: ${said}`, async (t) => {
      const animal = await Animal.open(
        own,
        changes(() => says),
      );
      t.after(() => animal.stop());
      const mux = await startMux(t, `127.0.0.1:${animal.port} ${options} TIME=30`);
      const client = await Asker.open(mux.port, own);
      t.after(() => client.destroy());
      client.client.write(own.request(1, 1));
      const line = new RegExp(`the device does not speak ${own.name}: this looks like .*: ${said} `);
      await until(() => line.test(mux.daemon.log()), "a line in the log", WITHIN_MS);
    });
  }
});
