import assert from "node:assert/strict";
import { MODBUS_KINDS, type ModbusKind, readPdu, writePdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Animal } from "../animals/animal.js";
import type { Story } from "../story.js";

const NAMES: Readonly<Record<ModbusKind, string>> = {
  modbus: "Modbus/TCP device",
  "modbus-rtu": "Gateway with the CRC behind Modbus/TCP",
  "modbus-serial": "Meter behind a transparent serial server",
  "modbus-ascii": "Meter that speaks Modbus ASCII",
};
const PAIRS = MODBUS_KINDS.flatMap((client) => MODBUS_KINDS.map((device) => ({ client, device })));

/** Devices of another framing than their clients, and of another one than somebody thought. */
export const FRAMINGS: readonly Story[] = [
  ...PAIRS.filter(({ client, device }) => client !== device).map(
    ({ client, device }): Story => ({
      device: NAMES[device],
      behaviour: `speaks ${device}`,
      clients: "the same values and exceptions as the device's own framing brings, of any unit",
      options: `PROT=${client} DPRO=${device} TIME=2`,
      animal: () => Animal.open(modbusProtocol(device)),
      async visit({ animal, modbus }) {
        const [one, other] = await Promise.all([modbus(), modbus()]);
        for (const unit of [1, 0, 255]) {
          const values = await Promise.all([one.read(unit, 7), other.read(unit, 8)]);
          assert.deepEqual(values, [registerValue(unit, 7), registerValue(unit, 8)]);
        }
        assert.equal(await one.call(1, writePdu(7, 99)), writePdu(7, 99).toString("hex"));
        assert.equal(await other.read(1, 7), 99);
        assert.equal(await one.call(3, Buffer.of(0x0e, 0, 0, 0, 0)), "8e01", "an exception");
        assert.equal(await other.call(2, readPdu(0, 125)).then(({ length }) => length / 2), 252);
        assert.equal(animal.links.length, 1);
      },
    }),
  ),
  ...(["modbus-serial", "modbus-ascii"] as const).map(
    (kind): Story => ({
      device: "Meter alone on its line",
      behaviour: "answers writes to unit 0, too, which is for all",
      clients: "its answer",
      options: `PROT=${kind} TIME=2`,
      animal: () => Animal.open(modbusProtocol(kind)),
      async visit({ animal, modbus }) {
        const [one, other] = await Promise.all([modbus(), modbus()]);
        const [written, read] = await Promise.all([one.call(0, writePdu(7, 99)), other.read(1, 3)]);
        assert.deepEqual([written, read], [writePdu(7, 99).toString("hex"), registerValue(1, 3)]);
        assert.equal(animal.links.length, 1);
      },
    }),
  ),
  ...(["modbus", "modbus-serial"] as const).map(
    (device): Story => ({
      device: "Device whose unit has another number than clients think",
      behaviour: "answers as unit 1 and as unit 7 only",
      clients: "the answer of the unit that they mean, with the number that they asked for",
      options: `PROT=modbus DPRO=${device} UMAP=2:1,3:7 CACH=5000 TIME=2`,
      animal: () => Animal.open(modbusProtocol(device)),
      async visit({ animal, modbus }) {
        const client = await modbus();
        assert.equal(await client.read(2, 5), registerValue(1, 5));
        assert.equal(await client.read(3, 5), registerValue(7, 5));
        assert.equal(await client.read(4, 5), registerValue(4, 5));
        assert.equal(await client.read(1, 5), registerValue(1, 5));
        assert.equal(animal.requests.length, 3, "units 1 and 2 are one unit of the device, also for the cache");
      },
    }),
  ),
];
