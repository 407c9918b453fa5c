import assert from "node:assert/strict";
import { type ModbusMessage, readPdu, unwrap, wrap } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { pause } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { changes, closesAfterAnswer, delays } from "../animals/habits.js";
import { alters } from "../animals/modbus-habits.js";
import { keys, type Story } from "../story.js";

const SAID = "answers carry ids of their own: matched by order from now on";

type Change = (answer: ModbusMessage, request: ModbusMessage) => Partial<ModbusMessage>;

const DEVICES: readonly [device: string, behaviour: string, change: () => Change][] = [
  ["Logger with a counter of its own", "numbers its answers itself", counts],
  ["Charger without ids", "answers with id 0 always", () => () => ({ id: 0 })],
  ["Heat pump without ids", "answers with id 1 always", () => () => ({ id: 1 })],
  ["Gateway that swaps the bytes of ids", "answers with the id's bytes in the other order", () => swaps],
  ["Inverter with a unit of its own", "answers as unit 1, whatever unit was asked", () => () => ({ unit: 1 })],
  ["Bridge that answers as unit 0", "answers as unit 0, whatever unit was asked", () => () => ({ unit: 0 })],
];

function swaps({ id }: ModbusMessage): Partial<ModbusMessage> {
  return { id: ((id & 0xff) << 8) | (id >> 8) };
}

/** Numbers its answers itself. */
function counts(): Change {
  let last = 40_000;
  return () => {
    last += 1;
    return { id: last };
  };
}

/** More about devices with a counter of their own. */
const COUNTERS: readonly Story[] = [
  {
    device: "Logger with a counter of its own",
    behaviour: "numbers its answers itself, and closes the connection behind each",
    clients: "right answers, one after the other",
    options: "PROT=modbus TIME=2",
    animal: () => Animal.open(modbusProtocol("modbus"), alters("modbus", counts()), closesAfterAnswer),
    async visit({ modbus, log }) {
      const client = await modbus();
      for (const n of keys(4)) {
        assert.equal(await client.read(1, n), registerValue(1, n));
        await pause(30); // the device has closed: the next request finds a new link
      }
      assert.equal(log().split(SAID).length, 2, "the log says it once");
    },
  },
  {
    device: "Logger with a counter of its own",
    behaviour: "numbers its answers itself; the mux may send four requests at once",
    clients: "right answers",
    options: "PROT=modbus PIPE=4 TIME=30",
    animal: () => Animal.open(modbusProtocol("modbus"), alters("modbus", counts())),
    async visit({ modbus }) {
      const clients = await Promise.all(keys(4).map(() => modbus()));
      for (const round of keys(2)) {
        const answers = await Promise.all(clients.map((client, n) => client.call(1, readPdu(10 * round + n))));
        for (const [n, answer] of answers.entries()) assert.equal(answer, registerPdu(1, 10 * round + n));
      }
    },
  },
  {
    device: "Logger with a counter of its own",
    behaviour: "numbers its answers itself, and sends each twice",
    clients: "no wrong value",
    options: "PROT=modbus TIME=1",
    animal: () =>
      Animal.open(
        modbusProtocol("modbus"),
        alters("modbus", counts()),
        changes((answer) => Buffer.concat([answer, answer])),
      ),
    async visit({ modbus }) {
      const clients = await Promise.all([modbus(), modbus()]);
      const answers = await Promise.all(clients.map((client, n) => client.call(1, readPdu(n))));
      for (const [n, answer] of answers.entries())
        assert.ok([registerPdu(1, n), "830b", "830a"].includes(answer), answer);
    },
  },
  {
    device: "Gateway that mixes up units",
    behaviour: "gives the late answer of unit 9 in place of the next one's, with the next one's id",
    clients: "unit 1 has its own values, or an error",
    options: "PROT=modbus TIME=1",
    animal: () => {
      let late: Buffer | undefined;
      return Animal.open(
        modbusProtocol("modbus"),
        changes((answer, { bytes }) => {
          const asked = unwrap("modbus", bytes);
          if (asked.unit === 9) {
            late = answer;
            return wrap("modbus", { ...asked, pdu: Buffer.of(0x83, 0x0b) });
          }
          const given = late ?? answer;
          late = undefined;
          const own = given === answer ? answer : Buffer.from(given);
          own.writeUInt16BE(asked.id);
          return own;
        }),
      );
    },
    async visit({ modbus }) {
      const client = await modbus();
      assert.equal(await client.call(9, readPdu(100)), "830b");
      assert.equal(await client.call(1, readPdu(5)), "830b", "what came is the value of another unit");
      assert.equal(await client.read(1, 6), registerValue(1, 6));
    },
  },
];

function registerPdu(unit: number, address: number): string {
  return `0302${registerValue(unit, address).toString(16).padStart(4, "0")}`;
}

/** A request keeps the link from other units for a second: until then nobody knows what the ids of such a device are worth. */
const SLOW: readonly Story[] = (["modbus", "modbus-rtu"] as const).map((kind) => ({
  device: "Slow gateway that swaps the bytes of ids",
  behaviour: "answers after 1.2 s, with the id's bytes in the other order",
  clients: "right answers, though two clients ask for different units at first",
  options: `PROT=${kind} TIME=5`,
  long: true,
  animal: () => Animal.open(modbusProtocol(kind), alters(kind, swaps), delays(1200)),
  async visit({ client }) {
    const [one, other] = await Promise.all([client(), client()]);
    assert.deepEqual(await Promise.all([one.outcome(1), other.outcome(2)]), ["right", "right"]);
    assert.deepEqual(await Promise.all([one.outcome(3), other.outcome(4)]), ["right", "right"]);
  },
}));

/** Devices that change ids and units. */
export const OWN_IDS: readonly Story[] = [
  ...DEVICES.flatMap(([device, behaviour, change]): Story[] =>
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
        assert.ok(log().split(SAID).length <= 2, "the log says it once");
      },
    })),
  ),
  ...COUNTERS,
  ...SLOW,
];
