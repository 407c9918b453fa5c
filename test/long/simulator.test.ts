// The simulators of the mux tests, without a daemon: the other tests rely on what they promise.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Asker } from "../support/exchange.js";
import { crc16, readPdu } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../support/modbus-device.js";
import { missing } from "../support/peers.js";
import { conbus, echo, http, iso8583, mpu, telegram } from "../support/protocols.js";
import { Random } from "../support/random.js";
import { faulty, Simulator } from "../support/simulator.js";
import { until } from "../support/wait.js";

const MODBUS = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => modbusProtocol(kind));

for (const protocol of [...MODBUS, echo, iso8583, mpu, conbus, http]) {
  test(`${protocol.name}: the device answers what was asked`, async (t) => {
    const device = await Simulator.open(protocol);
    t.after(() => device.stop());
    const asker = await Asker.open(device.port, protocol);
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, key) => asker.outcome(key * 40_009)));
    assert.deepEqual([...new Set(outcomes)], ["right"]);
    assert.deepEqual(asker.surplus, []);
    assert.equal(device.requests.length, 100);
    asker.destroy();
  });
}

test("the CRC is that of the Modbus specification, the checksum that of Conbus", () => {
  assert.equal(crc16(Buffer.from("010300000001", "hex")).toString("hex"), "840a");
  assert.equal(telegram("S0000000000F01D00").toString(), "<S0000000000F01D00FA>");
  assert.equal(telegram("R0020030837F01D").toString(), "<R0020030837F01DFM>");
});

test("the device takes one connection, resets a second, and takes another when the first has ended", async (t) => {
  const device = await Simulator.open(echo);
  t.after(() => device.stop());
  const first = await Asker.open(device.port, echo);
  assert.equal(await first.outcome(1), "right");
  const second = await Asker.open(device.port, echo);
  await until(() => second.client.closed, "the reset");
  assert.equal(device.refused, 1);
  first.destroy();
  const third = await Asker.open(device.port, echo);
  assert.equal(await third.outcome(3), "right");
  assert.deepEqual([device.mostLinks, device.links.length, device.refused], [1, 2, 1]);
  third.destroy();
});

test("faults happen as often as they are said to", async (t) => {
  const protocol = modbusProtocol("modbus");
  const counts: Record<string, number> = {};
  const faults = { slow: 0.1, late: 0.1, drop: 0.1, duplicate: 0.1, reorder: 0.1 };
  const device = await Simulator.open(protocol, { answering: faulty(new Random(1), protocol, faults, 50, counts) });
  t.after(() => device.stop());
  const asker = await Asker.open(device.port, protocol);
  let answered = 0;
  for (let key = 0; key < 1000; key += 1) {
    void asker.ask(protocol.request(key, asker.nextId())).then((answer) => {
      if (answer !== undefined) answered += 1;
    });
  }
  await until(() => answered === 1000 - (counts["drop"] ?? 0), "all answers but those dropped");
  await until(() => asker.surplus.length === counts["duplicate"], "the duplicates");
  for (const fault of Object.keys(faults)) assert.ok((counts[fault] ?? 0) > 60, JSON.stringify(counts));
  asker.destroy();
});

test("writes are read again", async (t) => {
  const device = await Simulator.open(modbusProtocol("modbus", new Map()));
  t.after(() => device.stop());
  const client = await ModbusClient.connect(device.port);
  assert.equal(await client.read(7, 100), registerValue(7, 100));
  assert.equal(await client.call(7, Buffer.from("0600640102", "hex")), "0600640102");
  assert.equal(await client.call(7, Buffer.from("10006500020400030004", "hex")), "1000650002");
  assert.equal(await client.call(7, readPdu(100, 3)), "0306010200030004");
  assert.equal(await client.read(8, 100), registerValue(8, 100));
  client.destroy();
});

test("mbpoll takes the device for one", { skip: missing("mbpoll") }, async (t) => {
  const device = await Simulator.open(modbusProtocol("modbus"));
  t.after(() => device.stop());
  const args = ["-0", "-1", "-a", "17", "-r", "100", "-c", "3", "-p", String(device.port), "127.0.0.1"];
  const child = spawn("mbpoll", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [status] = await once(child, "close");
  assert.equal(status, 0, text);
  const values = [...text.matchAll(/^\[\d+\]:\s+(\d+)/gm)].map((match) => Number(match[1]));
  assert.deepEqual(
    values,
    [100, 101, 102].map((address) => registerValue(17, address)),
  );
});
