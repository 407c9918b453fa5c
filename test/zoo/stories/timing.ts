import assert from "node:assert/strict";
import { readPdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { pause, until } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { accepts, closesAfterAnswer, forgetsIdle, ignores, needsAfterConnect, rests } from "../animals/habits.js";
import { allRight, askAll, keys, type Story, timed } from "../story.js";

const modbus = modbusProtocol("modbus");

/** The register of a request of `modbus`. */
function registerOf(request: Buffer): number {
  return request.readUInt16BE(8);
}

/** Devices that want pauses, and limits of time. */
export const TIMING: readonly Story[] = [
  {
    device: "Meter that needs a pause",
    behaviour: "loses requests that come within 30 ms of an answer",
    clients: "every answer, at the pace that the meter likes",
    options: "PROT=modbus-serial GAPM=40 TIME=3",
    animal: () => Animal.open(modbusProtocol("modbus-serial"), rests(30)),
    async visit({ animal, client }) {
      const clients = await Promise.all([client(), client()]);
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(8, 100 * n))));
      assert.deepEqual(outcomes.flat(), allRight(16));
      assert.equal(animal.requests.length, 16);
    },
  },
  {
    device: "Inverter that its own app wants now and then",
    behaviour: "takes one connection, also from the app",
    clients: "right answers; the app gets in once nobody has asked for 0.3 s",
    options: "PROT=modbus LIDL=0.3 TIME=3",
    animal: () => Animal.open(modbus, accepts(1)),
    async visit({ animal, client }) {
      const one = await client();
      for (const n of keys(2)) {
        const since = performance.now();
        assert.equal(await one.outcome(n), "right");
        await until(() => animal.open.length === 0, "the link to be closed");
        const ms = performance.now() - since;
        assert.ok(ms > 290, `closed after ${ms} ms`);
      }
      assert.equal(animal.links.length, 2);
    },
  },
  {
    device: "Router between that forgets idle connections",
    behaviour: "drops everything on a connection that was idle for 1.5 s, without a word",
    clients: "every answer at once",
    options: "PROT=modbus LIDL=0.15 TIME=30",
    animal: () => Animal.open(modbus, forgetsIdle(1500)),
    async visit({ client }) {
      const one = await client();
      for (const n of keys(2)) {
        const { value, ms } = await timed(one.outcome(n));
        assert.equal(value, "right");
        assert.ok(ms < 25_000, `an answer took ${ms} ms`);
        await pause(1600);
      }
    },
  },
  {
    device: "Inverter that swallows some requests",
    behaviour: "never answers reads of register 99",
    clients: "an error for that one after 2 s, though requests may wait for 30 s; the others are right",
    options: "PROT=modbus ATIM=2 TIME=30",
    animal: () =>
      Animal.open(
        modbus,
        ignores((request) => registerOf(request) === 99),
      ),
    async visit({ modbus }) {
      const [one, other] = await Promise.all([modbus(), modbus()]);
      const [{ value, ms }, read] = await Promise.all([timed(one.call(1, readPdu(99))), timed(other.read(1, 5))]);
      assert.equal(value, "830b");
      assert.ok(ms > 1950 && ms < 20_000, `an error after ${ms} ms`);
      assert.equal(read.value, registerValue(1, 5));
      assert.equal(await one.read(1, 6), registerValue(1, 6));
    },
  },
  {
    device: "Charger that serves one request per connection, and not at once",
    behaviour: "closes behind each answer, and drops what comes within 50 ms of a connect",
    clients: "every answer",
    options: "PROT=modbus DLAY=0.08 TIME=15",
    animal: () => Animal.open(modbus, closesAfterAnswer, needsAfterConnect(50)),
    async visit({ animal, client }) {
      const { value, ms } = await timed(askAll(await client(), keys(5)));
      assert.deepEqual(value, allRight(5));
      assert.ok(ms < 10_000, `5 requests took ${ms} ms`);
      assert.equal(animal.requests.length, 5);
    },
  },
];
