import assert from "node:assert/strict";
import { readPdu, words, writeManyPdu } from "../../support/modbus.js";
import { answerPdu, modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Animal } from "../animals/animal.js";
import { changes } from "../animals/habits.js";
import { alters, echoes } from "../animals/modbus-habits.js";
import { keys, type Story, timed } from "../story.js";

/** An answer with another length in its MBAP header. */
function declaring(answer: Buffer, length: number): Buffer {
  const changed = Buffer.from(answer);
  changed.writeUInt16BE(length, 4);
  return changed;
}

const LENGTHS: readonly [behaviour: string, options: string, change: (answer: Buffer) => Buffer][] = [
  ["repeats the length of the request in every answer", "", (answer) => declaring(answer, 6)],
  ["counts one byte too many in every answer", " PIPE=4", (answer) => declaring(answer, answer.length - 5)],
  ["counts one byte too few in every answer", " PIPE=4", (answer) => declaring(answer, answer.length - 7)],
  [
    "pads every answer with three bytes",
    "",
    (answer) => declaring(Buffer.concat([answer, Buffer.alloc(3)]), answer.length - 3),
  ],
];

/** A function that the animals do not know: they answer with exception 1. */
const UNKNOWN = words(9, 1, 1);

const lengths = (["modbus", "modbus-rtu"] as const).flatMap((kind) =>
  LENGTHS.map(
    ([behaviour, options, change]): Story => ({
      device: "Meter with wrong lengths",
      behaviour,
      clients: "right values and exceptions at once, all over one link",
      options: `PROT=${kind} TIME=2${options}`,
      animal: () => Animal.open(modbusProtocol(kind), changes(change)),
      async visit({ animal, modbus }) {
        const clients = await Promise.all([modbus(), modbus()]);
        await Promise.all(
          clients.map(async (client, n) => {
            for (const address of keys(6, 10 * n)) {
              const { value, ms } = await timed(client.call(1, UNKNOWN));
              assert.deepEqual([value, ms < 1900], ["8901", true]);
              assert.equal(
                await client.call(1, readPdu(address, 9)),
                answerPdu(1, readPdu(address, 9)).toString("hex"),
              );
            }
          }),
        );
        assert.equal(animal.links.length, 1);
      },
    }),
  ),
);

/** Devices whose answers contradict their own lengths, or what was asked for. */
export const WRONG_LENGTHS: readonly Story[] = [
  ...lengths,
  ...(["modbus", "modbus-rtu"] as const).map(
    (kind): Story => ({
      device: "Inverter that mixes up answers",
      behaviour: "sends one register where five were asked for, now and then",
      clients: "right values: the answer with another number of registers reaches nobody, and the read goes out again",
      options: `PROT=${kind} TIME=2 CACH=500`,
      animal() {
        let count = 0;
        const mixes = alters(kind, ({ pdu }) => {
          count += 1;
          return count % 3 === 1 ? { pdu: Buffer.concat([Buffer.of(3, 2), pdu.subarray(2, 4)]) } : {};
        });
        return Animal.open(modbusProtocol(kind), mixes);
      },
      async visit({ modbus }) {
        const client = await modbus();
        for (const address of keys(4))
          assert.equal(await client.call(3, readPdu(address, 5)), answerPdu(3, readPdu(address, 5)).toString("hex"));
        assert.equal(await client.read(3, 9), registerValue(3, 9));
      },
    }),
  ),
  {
    device: "Gateway that copies the header of the request",
    behaviour: "answers with the length of the request, writes of several registers, too",
    clients: "their confirmation, which looks like the beginning of an echo, after a moment",
    options: "PROT=modbus TIME=2",
    animal: () =>
      Animal.open(
        modbusProtocol("modbus"),
        changes((answer, { bytes }) => declaring(answer, bytes.length - 6)),
      ),
    async visit({ animal, modbus }) {
      const client = await modbus();
      for (const value of [1, 2]) assert.equal(await client.call(1, writeManyPdu(5, value, 3)), "1000050002");
      assert.equal(await client.read(1, 5), 2);
      assert.equal(animal.links.length, 1);
    },
  },
  {
    device: "RS-485 adapter that hears itself",
    behaviour: "sends the request back before the answer, which says that it failed",
    clients: "the failure: an echo is no confirmation",
    options: "PROT=modbus TIME=2",
    animal: () =>
      Animal.open(
        modbusProtocol("modbus"),
        alters("modbus", ({ pdu }) => (pdu[0] === 16 ? { pdu: Buffer.of(0x90, 4) } : {})),
        echoes,
      ),
    async visit({ modbus }) {
      const client = await modbus();
      assert.equal(await client.call(1, writeManyPdu(5, 1, 3)), "9004");
      assert.equal(await client.read(1, 0x0200), registerValue(1, 0x0200));
      assert.equal(await client.call(1, writeManyPdu(5, 1, 3)), "9004");
    },
  },
];
