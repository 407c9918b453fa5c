import assert from "node:assert/strict";
import type { TestProtocol } from "../../support/exchange.js";
import { readPdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { echo, iso8583, mpu } from "../../support/protocols.js";
import { pause } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";
import { changes, delays, says } from "../animals/habits.js";
import { EMPTY, isoMessage, isoParts, payments } from "../animals/payment-host.js";
import { allRight, askAll, keys, type Story } from "../story.js";

const modbus = modbusProtocol("modbus");

/** Sends the answer twice in one packet. */
const twice: Habit = changes((answer) => Buffer.concat([answer, answer]));

/** Sends the answer again `ms` later. */
function again(ms: number): Habit {
  return {
    answers: (next) => (asked, send) =>
      next(asked, (answer) => {
        send(answer);
        asked.link.later(ms, () => send(answer));
      }),
  };
}

/** Ends a message so that the device's own words are one message of the protocol. */
const UNASKED: Readonly<Record<string, Buffer>> = {
  echo: Buffer.from("unasked\n"),
  iso8583: Buffer.from("\0\x070800 xy", "latin1"),
  mpu: Buffer.from("00070800 xy"),
};

const WITHOUT_IDS: readonly Story[] = [echo, iso8583, mpu].flatMap((protocol: TestProtocol): Story[] => [
  {
    device: `Device that stutters`,
    behaviour: "sends each answer twice in one packet",
    clients: "each gets its own answers, none of them twice",
    options: `PROT=${protocol.name} TIME=3`,
    animal: () => Animal.open(protocol, twice),
    async visit({ client }) {
      const clients = await Promise.all([client(), client()]);
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(3, 10 * n))));
      for (const each of outcomes) assert.ok(!each.includes("wrong"), each.join());
      await pause(50);
      for (const each of clients) assert.deepEqual(each.surplus, []);
    },
  },
  {
    device: `Device that repeats itself`,
    behaviour: "sends each answer again while nobody waits",
    clients: "each gets its own answers, none of them twice",
    options: `PROT=${protocol.name} TIME=3`,
    animal: () => Animal.open(protocol, again(20)),
    async visit({ client }) {
      const [one, other] = await Promise.all([client(), client()]);
      assert.equal(await one.outcome(1), "right");
      await pause(60); // the answer comes again, and nobody waits
      assert.equal(await other.outcome(2), "right");
      await pause(60);
      assert.deepEqual([...one.surplus, ...other.surplus], []);
    },
  },
  {
    device: `Device that talks`,
    behaviour: "says something while nobody waits",
    clients: "what nobody asked for answers nobody",
    options: `PROT=${protocol.name} TIME=3`,
    animal: () => Animal.open(protocol),
    async visit({ animal, client }) {
      const [one, other] = await Promise.all([client(), client()]);
      for (const n of keys(3)) {
        assert.equal(await one.outcome(n), "right");
        animal.say(UNASKED[protocol.name] ?? "");
        await pause(30);
        assert.equal(await other.outcome(10 + n), "right");
      }
      assert.deepEqual([...one.surplus, ...other.surplus], []);
    },
  },
]);

/** Devices that say what nobody asked for, and answers that must not be believed. */
export const PAIRING: readonly Story[] = [
  ...WITHOUT_IDS,
  {
    device: "Payment host with keepalives",
    behaviour: "sends an empty message every 80 ms, and answers after 110 ms",
    clients: "each gets its own answer, never the keepalive",
    options: "PROT=iso8583 TIME=3",
    animal: () => Animal.open(payments, delays(110), says(EMPTY, 80)),
    async visit({ clientOf }) {
      const clients = await Promise.all([clientOf(payments), clientOf(payments)]);
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(4, 100 * n))));
      assert.deepEqual(outcomes.flat(), allRight(8));
      for (const each of clients) assert.ok(each.surplus.every((message) => message.equals(EMPTY)));
    },
  },
  {
    device: "Payment host with many terminals",
    behaviour: "sends the answer to somebody else's request first",
    clients: "each gets the answer with its own trace number",
    options: "PROT=iso8583 TIME=3",
    animal: () =>
      Animal.open(
        payments,
        changes((answer) => {
          const { amount = 0, stan = 0 } = isoParts(answer) ?? {};
          return Buffer.concat([isoMessage("0210", amount + 1, stan + 7), answer]);
        }),
      ),
    async visit({ clientOf }) {
      const one = await clientOf(payments);
      assert.deepEqual(await askAll(one, keys(5)), allRight(5));
      assert.deepEqual(one.surplus, []);
    },
  },
  {
    device: "Inverter that counts wrongly",
    behaviour: "sends exceptions with a length of one byte too many",
    clients: "the exception at once, and the next answers",
    options: "PROT=modbus TIME=12",
    animal: () =>
      Animal.open(
        modbus,
        changes((answer, { bytes }) =>
          bytes.readUInt16BE(8) === 99
            ? Buffer.concat([answer.subarray(0, 4), Buffer.of(0, 4, bytes.readUInt8(6), 0x83, 0x02)])
            : answer,
        ),
      ),
    async visit({ animal, modbus }) {
      const client = await modbus();
      const since = performance.now();
      for (const n of keys(3)) {
        assert.equal(await client.call(1, readPdu(99)), "8302");
        assert.equal(await client.read(1, n), registerValue(1, n));
      }
      assert.ok(performance.now() - since < 10_000);
      assert.deepEqual(client.surplus, []);
      assert.equal(animal.links.length, 1);
    },
  },
  {
    device: "Inverter with answers of another length",
    behaviour: "answers every second read with one register too few",
    clients: "no wrong value: the read fails or is asked again",
    options: "PROT=modbus TIME=0.4 CACH=1000",
    animal: () => {
      let count = 0;
      return Animal.open(
        modbus,
        changes((answer) => {
          count += 1;
          if (count % 2 === 1) return answer;
          const short = Buffer.from(answer.subarray(0, -2));
          short.writeUInt16BE(short.readUInt16BE(4) - 2, 4);
          short.writeUInt8(short.readUInt8(8) - 2, 8);
          return short;
        }),
      );
    },
    async visit({ modbus }) {
      const clients = await Promise.all([modbus(), modbus()]);
      for (const n of keys(3)) {
        for (const client of clients) {
          const answer = await client.call(1, readPdu(10 * n, 2));
          assert.match(answer, /^(0304.{8}|830b)$/, "both registers or an error");
        }
      }
      for (const client of clients) assert.deepEqual(client.surplus, []);
    },
  },
];
