import assert from "node:assert/strict";
import { readPdu } from "../../support/modbus.js";
import { heartbeat, refusal, solarman, solarmanRequest } from "../../support/solarman.js";
import { Animal, type Habit } from "../animals/animal.js";
import { accepts, changes, greets, says, takes } from "../animals/habits.js";
import { allRight, askAll, keys, type Story } from "../story.js";

const LOGGERS: readonly [device: string, behaviour: string, habits: readonly Habit[]][] = [
  ["Solarman logger", "takes one connection, and 20 ms for an answer", [takes(20), accepts(1)]],
  ["Solarman logger", "sends heartbeats of its own, asked or not", [says(heartbeat, 5)]],
  [
    "Solarman logger",
    "sends heartbeats in front of answers",
    [changes((answer) => Buffer.concat([heartbeat, answer]))],
  ],
  ["Solarman logger", "says an AT command behind the connect", [greets("AT+YZCMPVER=MW3_16U_5406_2.32-D1\r\n\r\n")]],
  [
    "Solarman logger that others ask, too",
    "sends the answers to others as well",
    [
      changes((answer, { bytes }) =>
        Buffer.concat([solarman.answer(solarman.request(7, bytes.readUInt8(5) ^ 0x80)), answer]),
      ),
    ],
  ],
];

/** Loggers of inverters, which wrap Modbus in frames of their own. */
export const LOGGER_STORIES: readonly Story[] = [
  ...LOGGERS.map(
    ([device, behaviour, habits]): Story => ({
      device,
      behaviour,
      clients: "each gets its own answers with its own sequence numbers, over one link",
      options: "PROT=solarman TIME=3",
      animal: () => Animal.open(solarman, ...habits),
      async visit({ animal, client }) {
        const clients = await Promise.all([client(), client(), client()]);
        const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(6, 100 * n))));
        for (const each of outcomes) assert.deepEqual(each, allRight(6));
        for (const { surplus } of clients) assert.deepEqual(surplus, []);
        assert.equal(animal.links.length, 1);
      },
    }),
  ),
  {
    device: "Solarman logger whose inverter sleeps",
    behaviour: "answers with an error code in place of a Modbus frame",
    clients: "that answer, at once",
    options: "PROT=solarman TIME=3",
    animal: () =>
      Animal.open(
        solarman,
        changes((_answer, { bytes }) => refusal(bytes)),
      ),
    async visit({ client }) {
      const asker = await client();
      const request = solarmanRequest(1, readPdu(1), 9);
      assert.deepEqual(await asker.ask(request), refusal(request));
    },
  },
];
