import assert from "node:assert/strict";
import type { TestProtocol } from "../../support/exchange.js";
import { MODBUS_KINDS } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { conbus, echo, http, iso8583, mpu } from "../../support/protocols.js";
import { until } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";
import { delays, greets, inPieces, takes } from "../animals/habits.js";
import { allRight, askAll, keys, type Story } from "../story.js";

/** Every protocol of requests. */
const ALL: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu, conbus],
  ...MODBUS_KINDS.map((kind) => modbusProtocol(kind)),
];

/** Sends the first half of every fourth answer, and resets the connection. */
function crashesMidAnswer(): Habit {
  let count = 0;
  return {
    answers: (next) => (asked, send) =>
      next(asked, (answer) => {
        count += 1;
        if (count % 4 !== 0) return send(answer);
        send(answer.subarray(0, answer.length >> 1));
        asked.link.later(10, () => asked.link.reset());
      }),
  };
}

/** What the device says by itself when a client has connected: a whole message where the protocol has a form for it. */
const GREETINGS: readonly (readonly [protocol: TestProtocol, greeting: string])[] = [
  [echo, "Welcome to ACME\r\n"],
  [iso8583, "\0\x070800 hi"],
  [mpu, "00070800 hi"],
];

/** Connections that break, crawl, or end on the side of a client. */
export const ROUGH_LINKS: readonly Story[] = [
  ...ALL.flatMap((protocol): Story[] => [
    {
      device: "Device that crashes now and then",
      behaviour: "resets the connection in the middle of every fourth answer",
      clients: "an error at most for that request, never half an answer or another one's",
      options: `PROT=${protocol.name} TIME=3`,
      animal: () => Animal.open(protocol, crashesMidAnswer()),
      async visit({ client }) {
        let right = 0;
        let one = await client();
        for (const key of keys(12)) {
          const outcome = await one.outcome(key);
          assert.ok(outcome !== "wrong" && outcome !== "silent", `${key}: ${outcome}`);
          if (outcome === "right") right += 1;
          if (outcome === "closed") one = await client();
        }
        assert.ok(right >= 8, `${right} of 12 were right`);
      },
    },
    {
      device: "Device on a slow radio link",
      behaviour: "sends each answer in pieces of three bytes",
      clients: "each gets its own answers, over one link",
      options: `PROT=${protocol.name} TIME=30`,
      animal: () => Animal.open(protocol, inPieces(3, 2)),
      async visit({ animal, client }) {
        const clients = await Promise.all([client(), client()]);
        const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(3, 10 * n))));
        assert.deepEqual(outcomes.flat(), allRight(6));
        assert.equal(animal.links.length, 1);
      },
    },
    {
      device: "Device with an impatient client",
      behaviour: "takes 5 ms for an answer; the client sends five requests at once",
      clients: "all answers, each for its own request",
      options: `PROT=${protocol.name} TIME=30`,
      animal: () => Animal.open(protocol, takes(5)),
      async visit({ client }) {
        const [one, other] = await Promise.all([client(), client()]);
        const outcomes = await Promise.all(
          [one, other].flatMap((each, n) => keys(5, 10 * n).map((key) => each.outcome(key))),
        );
        assert.deepEqual(outcomes, allRight(10));
      },
    },
    {
      device: "Device with a script that does not wait",
      behaviour: "takes 30 ms for an answer; the script leaves before it has come",
      clients: "their own answers, not those for the script",
      options: `PROT=${protocol.name} TIME=5`,
      animal: () => Animal.open(protocol, delays(30)),
      async visit({ animal, client }) {
        const stays = await client();
        for (const n of keys(4)) {
          const leaves = await client();
          void leaves.outcome(100 + n);
          await until(() => animal.requests.length > 2 * n, "its request");
          leaves.client.reset();
          assert.equal(await stays.outcome(n), "right");
        }
        assert.deepEqual(stays.surplus, []);
      },
    },
    {
      device: "Device with a script that says all and listens",
      behaviour: "takes 30 ms for an answer; the script ends its side behind the request, as `nc` does",
      clients: "the answer",
      options: `PROT=${protocol.name} TIME=5`,
      animal: () => Animal.open(protocol, delays(30)),
      async visit({ client }) {
        for (const n of keys(2)) {
          const one = await client();
          const outcome = one.outcome(n);
          one.client.end();
          assert.equal(await outcome, "right");
        }
      },
    },
  ]),
  ...GREETINGS.map(([protocol, greeting]) => ({
    device: "Device with a greeting",
    behaviour: "says something behind the connect",
    clients: "each gets its own answers: with a delay, the greeting answers nobody",
    options: `PROT=${protocol.name} DLAY=0.15 TIME=3`,
    animal: () => Animal.open(protocol, greets(Buffer.from(greeting, "latin1"))),
    async visit({ animal, client }: Parameters<Story["visit"]>[0]) {
      const clients = await Promise.all([client(), client()]);
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(3, 10 * n))));
      assert.deepEqual(outcomes.flat(), allRight(6));
      for (const each of clients) assert.deepEqual(each.surplus, []);
      assert.equal(animal.links.length, 1);
    },
  })),
];
