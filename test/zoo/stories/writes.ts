import assert from "node:assert/strict";
import { unwrap, words, wrap, writeManyPdu, writePdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { until } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { changes, ignores } from "../animals/habits.js";
import type { Story } from "../story.js";

const KINDS = ["modbus", "modbus-rtu", "modbus-serial"] as const;

/** A function of the vendor that reads: it is answered with the same code and a value. */
const READ_STATUS = Buffer.of(0x41, 7);
const CODE_ABOVE_80 = Buffer.of(0x90, 1, 2);

/** Devices to which not everybody may write everything. */
export const WRITES: readonly Story[] = [
  ...KINDS.map(
    (kind): Story => ({
      device: "Bus of dimmers",
      behaviour: "takes writes to unit 0 for all, and answers none of them",
      clients: "their writes to unit 0 are confirmed once they are sent, and cost nobody time",
      options: `PROT=${kind} TIME=2 BCST=0`,
      animal: () =>
        Animal.open(
          modbusProtocol(kind),
          ignores((request) => unwrap(kind, request).unit === 0),
        ),
      async visit({ animal, modbus }) {
        const [writer, reader] = await Promise.all([modbus(), modbus()]);
        assert.equal(await writer.call(0, writePdu(1, 2)), "0600010002");
        assert.equal(await writer.call(0, writeManyPdu(1, 2, 3)), "1000010002");
        assert.equal(await reader.read(1, 5), registerValue(1, 5));
        assert.equal(await writer.read(1, 6), registerValue(1, 6));
        assert.deepEqual([animal.requests.length, animal.links.length], [4, 1]);
      },
    }),
  ),
  ...KINDS.map(
    (kind): Story => ({
      device: "Drive with functions of its vendor",
      beyondDoctor: true,
      behaviour: "answers functions 65 and 144, which no specification has",
      clients:
        "their answers, shared by all; with read-only=deny these functions pass, because reads=65,144 says that they read",
      options: `PROT=${kind} TIME=2 READ=65,144 RDON=deny CACH=1000`,
      animal: () =>
        Animal.open(
          { ...modbusProtocol(kind), requestLength: (bytes) => bytes.length },
          changes((_, { bytes }) => {
            const { id, unit, pdu } = unwrap(kind, bytes);
            const answer = pdu[0] === 0x41 ? Buffer.concat([pdu, Buffer.of(1, 2, 3)]) : Buffer.of(0x90, 5);
            return wrap(kind, { id, unit, pdu: answer });
          }),
        ),
      async visit({ animal, modbus }) {
        const client = await modbus();
        for (const asker of [client, await modbus()]) assert.equal(await asker.call(1, READ_STATUS), "4107010203");
        assert.equal(animal.requests.length, 1);
        assert.equal(await client.call(1, CODE_ABOVE_80), "9005");
        assert.equal(await client.call(1, writePdu(1, 2)), "8601");
      },
    }),
  ),
  ...KINDS.map(
    (kind): Story => ({
      device: "Heat pump that one program controls",
      behaviour: "does whatever is written to it",
      clients: "one may write what the rules allow; all others are refused, with a line in the log for each write",
      options: `PROT=${kind} TIME=2 WRIT=deny ALWR=unit+1+holding+100-110+values+0-100 ALWR=unit+1+coil+5 ALWR=unit+2+from+192.0.2.1`,
      animal: () => Animal.open(modbusProtocol(kind)),
      async visit({ animal, modbus, log }) {
        const client = await modbus();
        const asked: [unit: number, pdu: Buffer, answer: string][] = [
          [1, writePdu(100, 7), "0600640007"],
          [1, writePdu(100, 101), "8603"],
          [1, writePdu(99, 7), "8602"],
          [2, writePdu(100, 7), "8601"],
          [1, words(5, 5, 0xff00), "050005ff00"],
          [1, words(5, 6, 0xff00), "8502"],
          [1, writeManyPdu(109, 1, 2), "10006d0002"],
          [1, writeManyPdu(109, 1, 2, 3), "9002"],
        ];
        for (const [unit, pdu, answer] of asked)
          assert.equal(await client.call(unit, pdu), answer, pdu.toString("hex"));
        assert.equal(await client.read(1, 100), 7);
        assert.equal(animal.requests.length, 4);
        assert.equal(log().split("write by 127.0.0.1 (").length - 1, asked.length);
        assert.match(log(), /: unit 1 holding 109-110 = 1 2: allowed/);
      },
    }),
  ),
  {
    device: "Battery that two programs want to control",
    behaviour: "does whatever is written to it last",
    clients: "the first one writes; the other one gets exception 6 until the first has left",
    options: "PROT=modbus TIME=2 WLCK=30",
    animal: () => Animal.open(modbusProtocol("modbus")),
    async visit({ animal, modbus }) {
      const [first, second] = await Promise.all([modbus(), modbus()]);
      assert.equal(await first.call(1, writePdu(1, 2)), "0600010002");
      assert.equal(await second.call(1, writePdu(1, 3)), "8606");
      assert.equal(await second.read(1, 1), 2);
      first.destroy();
      await until(async () => (await second.call(1, writePdu(1, 4))) === "0600010004", "the lock to be free");
      assert.deepEqual(
        animal.requests.filter(({ bytes }) => bytes.readUInt16BE(10) === 3),
        [],
      );
    },
  },
];
