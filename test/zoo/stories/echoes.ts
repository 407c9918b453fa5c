import assert from "node:assert/strict";
import { MODBUS_KINDS, type ModbusKind, writeManyPdu, writePdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Animal, type Habit } from "../animals/animal.js";
import { delays } from "../animals/habits.js";
import { alters, echoes } from "../animals/modbus-habits.js";
import { keys, type Story } from "../story.js";

/** Refuses writes. */
function refuses(kind: ModbusKind): Habit {
  return alters(kind, (_answer, { pdu }) =>
    pdu[0] === 6 || pdu[0] === 16 ? { pdu: Buffer.of(0x80 | pdu[0], 0x02) } : {},
  );
}

/** Adapters that repeat each request in front of its answer. */
export const ECHOES: readonly Story[] = MODBUS_KINDS.flatMap((kind): Story[] => [
  {
    device: "Adapter that hears itself",
    behaviour: "sends each request back, and its answer later",
    clients: "the answers of the device; once a read has come back, no echo confirms a write",
    options: `PROT=${kind} TIME=2`,
    animal: () => Animal.open(modbusProtocol(kind), refuses(kind), delays(20), echoes),
    async visit({ animal, modbus }) {
      const clients = await Promise.all([modbus(), modbus()]);
      for (const client of clients) {
        for (const n of keys(3)) assert.equal(await client.read(1, n), registerValue(1, n));
        assert.equal(await client.call(1, writePdu(7, 1)), "8602", "the device has refused the write");
        assert.equal(await client.call(1, writeManyPdu(7, 1, 2)), "9002", "that one, too");
        assert.equal(
          await client.read(1, 0x205),
          registerValue(1, 0x205),
          "the beginning of its echo looks like an answer",
        );
        assert.deepEqual(client.surplus, []);
      }
      assert.equal(animal.links.length, 1);
    },
  },
  {
    device: "Adapter that hears itself",
    behaviour: "sends each request back, and a write is the first one",
    clients: "no echo confirms a write, from the first one on",
    options: `PROT=${kind} ECHO=strip TIME=2`,
    animal: () => Animal.open(modbusProtocol(kind), refuses(kind), delays(20), echoes),
    async visit({ animal, modbus }) {
      const client = await modbus();
      assert.equal(await client.call(1, writeManyPdu(7, 1, 2)), "9002");
      assert.equal(await client.call(1, writePdu(7, 1)), "8602");
      assert.equal(await client.read(1, 4), registerValue(1, 4));
      assert.equal(animal.links.length, 1);
    },
  },
]);
