import assert from "node:assert/strict";
import { pause, until } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";
import { changes, delays } from "../animals/habits.js";
import { type IsoForm, type IsoProtocol, isoProtocol } from "../animals/iso-forms.js";
import { allRight, askAll, keys, type Story, timed } from "../story.js";

const FORMS: readonly (readonly [written: string, form: IsoForm])[] = [
  ["in ASCII, bitmap in hex", { name: "iso8583", digits: "ascii", bitmap: "hex", tpdu: false }],
  ["in ASCII, bitmap in binary", { name: "iso8583", digits: "ascii", bitmap: "binary", tpdu: false }],
  ["in BCD behind a TPDU", { name: "iso8583", digits: "bcd", bitmap: "binary", tpdu: true }],
  ["in ASCII behind an MPU switch", { name: "mpu", digits: "ascii", bitmap: "hex", tpdu: false }],
];
const [PLAIN, , TPDU] = FORMS.map(([, form]) => isoProtocol(form)) as [IsoProtocol, IsoProtocol, IsoProtocol];

/** Sends each answer again while the next request waits. */
function againLater(ms: number): Habit {
  return {
    answers: (next) => (asked, send) =>
      next(asked, (answer) => {
        send(answer);
        asked.link.later(ms, () => send(answer));
      }),
  };
}

/** Payment hosts: what they say unasked, and how their messages are written. */
export const PAYMENTS: readonly Story[] = [
  ...FORMS.map(([written, form]): Story => {
    const host = isoProtocol(form);
    return {
      device: "Payment host that talks",
      behaviour: `writes ${written}; keepalives, requests of its own and others' answers come in the packet of each answer`,
      clients: "each gets its own answer, over one link",
      options: `PROT=${form.name} TIME=3`,
      animal: () =>
        Animal.open(
          host,
          changes((answer) => {
            const others = [host.message("0800", 1, 999), host.message("0210", 666_666, 999_998)];
            return Buffer.concat([host.empty, ...others, answer, host.empty, ...others]);
          }),
        ),
      async visit({ animal, clientOf }) {
        const clients = await Promise.all([clientOf(host), clientOf(host)]);
        const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(5, 100 * n))));
        assert.deepEqual(outcomes.flat(), allRight(10));
        assert.deepEqual(
          clients.flatMap(({ surplus }) => surplus),
          [],
        );
        assert.equal(animal.links.length, 1);
      },
    };
  }),
  {
    device: "Payment host with keepalives",
    behaviour: "sends a keepalive in two pieces, and a request comes between them",
    clients: "each gets its own answer, over one link",
    options: "PROT=iso8583 TIME=3",
    animal: () => Animal.open(PLAIN, delays(20)),
    async visit({ animal, clientOf }) {
      const clients = await Promise.all([clientOf(PLAIN), clientOf(PLAIN)]);
      for (const client of clients) assert.equal(await client.outcome(9), "right");
      for (const n of keys(3)) {
        for (const client of clients) {
          animal.say(Buffer.of(0));
          await pause(10);
          const outcome = client.outcome(n);
          await pause(10);
          animal.say(Buffer.of(0));
          assert.equal(await outcome, "right");
        }
      }
      assert.equal(animal.links.length, 1);
    },
  },
  {
    device: "Payment host that repeats itself",
    behaviour: "sends each answer again while the next request waits",
    clients: "each gets its own answer, never the one before",
    options: "PROT=iso8583 TIME=3",
    animal: () => Animal.open(TPDU, delays(60), againLater(30)),
    async visit({ clientOf }) {
      const clients = await Promise.all([clientOf(TPDU), clientOf(TPDU)]);
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(4, 100 * n))));
      assert.deepEqual(outcomes.flat(), allRight(8));
    },
  },
  {
    device: "Payment host that ignores keepalives",
    behaviour: "answers no empty message",
    clients: "a terminal's keepalive keeps nobody waiting",
    options: "PROT=iso8583 TIME=15",
    animal: () =>
      Animal.open(
        PLAIN,
        changes((answer) => (answer.length > 2 ? answer : Buffer.alloc(0))),
      ),
    async visit({ animal, clientOf }) {
      const [one, other] = await Promise.all([clientOf(PLAIN), clientOf(PLAIN)]);
      const { ms } = await timed(
        (async () => {
          for (const n of keys(5)) {
            one.client.write(PLAIN.empty);
            assert.deepEqual(await Promise.all([one.outcome(n), other.outcome(10 + n)]), allRight(2));
          }
        })(),
      );
      assert.ok(ms < 10_000, `${ms} ms`);
      await until(
        () => animal.requests.filter(({ bytes }) => bytes.equals(PLAIN.empty)).length === 5,
        "all keepalives",
      );
      assert.equal(animal.links.length, 1);
    },
  },
  {
    device: "Payment host with requests of its own",
    behaviour: "asks the terminals something now and then",
    clients: "each gets its own answers, and every one what the host says",
    options: "PROT=iso8583 UNSO=broadcast TIME=3",
    animal: () =>
      Animal.open(
        PLAIN,
        changes((answer, { bytes }) => (bytes.includes("0810") ? Buffer.alloc(0) : answer)),
      ),
    async visit({ animal, clientOf }) {
      const clients = await Promise.all([clientOf(PLAIN), clientOf(PLAIN)]);
      const asks = PLAIN.message("0800", 1, 999);
      for (const client of clients) assert.equal(await client.outcome(1), "right");
      animal.say(Buffer.concat([PLAIN.empty, asks]));
      for (const client of clients) await until(() => client.surplus.length === 2, "what the host says");
      clients[0]?.client.write(PLAIN.message("0810", 1, 999));
      for (const client of clients) {
        assert.deepEqual(client.surplus, [PLAIN.empty, asks]);
        assert.equal(await client.outcome(2), "right");
      }
      await pause(30);
      assert.equal(animal.links.length, 1);
    },
  },
];
