import assert from "node:assert/strict";
import type { TestProtocol } from "../../support/exchange.js";
import { MODBUS_KINDS } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { conbus, echo, http, iso8583, mpu } from "../../support/protocols.js";
import { pause, until } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { accepts, closesAfterAnswer, delays, needsAfterConnect, needsPause } from "../animals/habits.js";
import { allRight, askAll, keys, type Story, timed, type Visit } from "../story.js";

const modbus = modbusProtocol("modbus");

/** Every protocol of requests. */
const ALL: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu, conbus],
  ...MODBUS_KINDS.map((kind) => modbusProtocol(kind)),
];

const CLOSING: readonly Story[] = ALL.map((protocol) => ({
  device: `Device that serves one request per connection`,
  behaviour: "closes the connection behind each answer",
  clients: "every answer, at full speed",
  options: `PROT=${protocol.name} TIME=5`,
  animal: () => Animal.open(protocol, closesAfterAnswer),
  async visit({ animal, client }) {
    const one = await client();
    const { value, ms } = await timed(askAll(one, keys(20)));
    assert.deepEqual(value, allRight(20));
    assert.ok(ms < 15_000, `20 requests took ${ms} ms`); // with a second or more between two links they would take longer
    assert.ok(animal.links.length >= 20);
  },
}));

const PAUSING: readonly Story[] = [echo, http, iso8583, modbus].map((protocol) => ({
  device: "Serial server that serves one request per connection",
  behaviour: "closes the connection behind each answer, and resets the next one if it comes within 100 ms",
  clients: "every answer, also to what may not be asked twice",
  options: `PROT=${protocol.name} TIME=5`,
  animal: () => Animal.open(protocol, closesAfterAnswer, needsPause(100, 0)),
  async visit({ client }) {
    const clients = [await client(), await client()];
    const outcomes = await Promise.all(clients.map((one, n) => askAll(one, keys(4, 10 * n))));
    assert.deepEqual(outcomes.flat(), allRight(8));
  },
}));

const IDLE: readonly Story[] = (["end", "reset"] as const).flatMap((how) =>
  ALL.map((protocol) => ({
    device: `Device that clears idle connections`,
    behaviour: how === "end" ? "closes a connection that is idle" : "resets a connection that is idle",
    clients: "the next request succeeds, and nothing is called unreachable",
    options: `PROT=${protocol.name} TIME=5`,
    animal: () => Animal.open(protocol),
    async visit({ animal, client, mux, log }) {
      const one = await client();
      let waitedMs = 0;
      for (const n of keys(5)) {
        const { value, ms } = await timed(one.outcome(n));
        assert.equal(value, "right", `request ${n}`);
        waitedMs += ms;
        for (const link of animal.open) link[how]();
        await until(async () => (await mux.status()).links.every(({ requests }) => requests === 0), "its end");
      }
      assert.ok(waitedMs < 30_000, `the requests took ${waitedMs} ms`);
      assert.doesNotMatch(log(), /unreachable|cannot be reached/);
      assert.equal((await mux.status()).noPath, 0);
    },
  })),
);

const OUTAGES: readonly Story[] = ALL.flatMap((protocol): Story[] => [
  {
    device: `Device after a restart`,
    behaviour: "is away for 2.5 s while nobody asks",
    clients: "the first request behind the outage succeeds",
    options: `PROT=${protocol.name} TIME=5`,
    long: true,
    animal: () => Animal.open(protocol),
    async visit({ animal, client }) {
      const one = await client();
      assert.equal(await one.outcome(1), "right");
      await animal.stop();
      await pause(2500);
      await animal.start();
      assert.equal(await (await client()).outcome(2), "right");
    },
  },
  {
    device: `Device after a restart`,
    behaviour: "is away for 6 s while clients ask",
    clients: "requests fail at once, and succeed 2 s after the device is back",
    options: `PROT=${protocol.name} TIME=5`,
    long: true,
    animal: () => Animal.open(protocol),
    async visit({ animal, client }) {
      let backAt = Number.POSITIVE_INFINITY;
      const wrong: string[] = [];
      let right = 0;
      const askUntil = async (until: number): Promise<void> => {
        let one = await client();
        for (let key = 0; performance.now() < until; key += 1) {
          const since = performance.now();
          const outcome = await one.outcome(key);
          if (outcome === "closed") one = await client();
          if (outcome === "right") right += 1;
          if (since > backAt + 2000 && outcome !== "right") wrong.push(`${outcome} ${since - backAt} ms behind`);
          if (performance.now() - since > 4000 && since < backAt - 4000) wrong.push("a request that hangs");
          await pause(100);
        }
      };
      const asking = Promise.all([askUntil(performance.now() + 9000), askUntil(performance.now() + 9000)]);
      await pause(300);
      await animal.stop();
      await pause(6000);
      await animal.start();
      backAt = performance.now();
      await asking;
      assert.deepEqual(wrong, []);
      assert.ok(right > 20, `${right} requests succeeded`);
    },
  },
]);

/** Devices that close, refuse, crash and come back. */
export const CONNECTIONS: readonly Story[] = [
  ...CLOSING,
  ...PAUSING,
  ...IDLE,
  ...OUTAGES,
  {
    device: "Inverter that takes one connection",
    behaviour: "resets every further connection",
    clients: "each gets its own answers, over one link",
    options: "PROT=modbus",
    animal: () => Animal.open(modbus, accepts(1)),
    async visit({ animal, client }) {
      const clients = await Promise.all(keys(5).map(client));
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(10, 100 * n))));
      assert.deepEqual(outcomes.flat(), allRight(50));
      assert.equal(animal.links.length, 1);
    },
  },
  ...ALL.map((protocol) => ({
    device: "Device that takes one connection, shared over four",
    behaviour: "resets every further connection",
    clients: "every answer, over the one connection that it takes",
    options: `PROT=${protocol.name} POOL=4 TIME=3`,
    animal: () => Animal.open(protocol, accepts(1), delays(10)),
    async visit({ client }: Visit) {
      const clients = await Promise.all(keys(4).map(client));
      const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(5, 100 * n))));
      assert.deepEqual(outcomes.flat(), allRight(20));
    },
  })),
  {
    device: "Meter that ends its connection slowly",
    behaviour: "closes behind each answer, and resets new connections for 0.4 s, each after 80 ms",
    clients: "every answer, though a read is lost with several links",
    options: "PROT=modbus TIME=5",
    animal: () => Animal.open(modbus, closesAfterAnswer, needsPause(400, 80)),
    async visit({ client }: Visit) {
      assert.deepEqual(await askAll(await client(), keys(4)), allRight(4));
    },
  },
  {
    device: "Inverter that needs time after a connect",
    behaviour: "drops requests that come within 0.4 s of a connect",
    clients: "the first request, too, is answered",
    options: "PROT=modbus DLAY=0.4 TIME=3",
    animal: () => Animal.open(modbus, needsAfterConnect(390)),
    async visit({ animal, client }) {
      assert.deepEqual(await askAll(await client(), keys(5)), allRight(5));
      assert.equal(animal.requests.length, 5, "the device dropped none");
    },
  },
  {
    device: "Device in a crash loop",
    beyondDoctor: true,
    behaviour: "accepts and closes at once, again and again",
    clients: "an error within a second, and the device is not flooded",
    options: "PROT=modbus TIME=10",
    animal: () => Animal.open(modbus, { connected: (link) => link.end() }),
    async visit({ animal, modbus }) {
      const one = await modbus();
      const until = performance.now() + 1900;
      while (performance.now() < until) {
        const { value, ms } = await timed(one.outcome(1));
        assert.equal(value, "refused");
        assert.ok(ms < 8000, `an error after ${ms} ms`);
        await pause(20);
      }
      assert.ok(animal.links.length <= 6, `${animal.links.length} connections in 2 s`);
    },
  },
];
