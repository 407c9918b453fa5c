import assert from "node:assert/strict";
import type { ModbusMessage } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Animal } from "../animals/animal.js";
import { alters } from "../animals/modbus-habits.js";
import { keys, type Story } from "../story.js";

type Change = (answer: ModbusMessage, request: ModbusMessage) => Partial<ModbusMessage>;

const DEVICES: readonly [device: string, behaviour: string, change: () => Change][] = [
  [
    "Logger with a counter of its own",
    "numbers its answers itself",
    () => {
      let last = 40_000;
      return () => {
        last += 1;
        return { id: last };
      };
    },
  ],
  ["Charger without ids", "answers with id 0 always", () => () => ({ id: 0 })],
  ["Heat pump without ids", "answers with id 1 always", () => () => ({ id: 1 })],
  [
    "Gateway that swaps the bytes of ids",
    "answers with the id's bytes in the other order",
    () =>
      ({ id }) => ({ id: ((id & 0xff) << 8) | (id >> 8) }),
  ],
  ["Inverter with a unit of its own", "answers as unit 1, whatever unit was asked", () => () => ({ unit: 1 })],
  ["Bridge that answers as unit 0", "answers as unit 0, whatever unit was asked", () => () => ({ unit: 0 })],
];

/** Devices that change ids and units. */
export const OWN_IDS: readonly Story[] = DEVICES.flatMap(([device, behaviour, change]) =>
  (["modbus", "modbus-rtu"] as const).map((kind) => ({
    device,
    behaviour,
    clients: "right answers, with the ids and units that they sent; the log says so once",
    options: `PROT=${kind} TIME=2`,
    animal: () => Animal.open(modbusProtocol(kind), alters(kind, change())),
    async visit({ animal, modbus, log }) {
      const [one, other] = await Promise.all([modbus(), modbus()]);
      await Promise.all(
        [one, other].map(async (client, n) => {
          for (const address of keys(6, 10 * n))
            assert.equal(await client.read(3 + 252 * n, address), registerValue(3 + 252 * n, address));
        }),
      );
      assert.equal(animal.links.length, 1);
      assert.ok(log().split("of their own").length <= 2, "the log says it once");
    },
  })),
);
