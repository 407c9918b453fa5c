import assert from "node:assert/strict";

import { readPdu } from "../../support/modbus.js";
import type { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { pause } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { delays } from "../animals/habits.js";
import { ageOf, holdsTime } from "../animals/modbus-habits.js";
import { keys, type Story } from "../story.js";

const COUNT = 30; // registers of each poll; the first ones are ten apart

/** Polls a block of registers until a time, and four times at least. Returns the number of polls. */
async function poll(client: ModbusClient, start: number, until: number, waitMs: () => number, maxAgeMs: number) {
  let polls = 0;
  for (; performance.now() < until || polls < 4; polls += 1) {
    const asked = performance.now();
    const age = ageOf(await client.call(1, readPdu(start, COUNT)), start, COUNT);
    const waited = performance.now() - asked;
    assert.ok(age <= maxAgeMs + waited, `values are ${age} ms old after ${waited} ms`);
    await pause(waitMs());
  }
  return polls;
}

/** Polls of five dashboards: at times of their own, or all together every `everyMs`. */
const OVERLAPPING = [
  { how: "each at times of its own", kind: "modbus", everyMs: undefined },
  { how: "each at times of its own", kind: "modbus-serial", everyMs: undefined },
  { how: "all at the same time", kind: "modbus", everyMs: 330 },
] as const;

const DASHBOARDS: readonly Story[] = OVERLAPPING.map(({ how, kind, everyMs }) => ({
  device: "Inverter of five dashboards",
  behaviour: `takes 10 ms for an answer; five clients poll blocks of registers that overlap, ${how}`,
  clients: "at most a quarter of the reads reach the device, and no value is wrong or older than CACH",
  options: `PROT=${kind} CACH=300 MERG=10`,
  animal: () => Animal.open(modbusProtocol(kind), holdsTime(kind, 10)),
  async visit({ animal, modbus }) {
    const clients = await Promise.all(keys(5).map(modbus));
    const until = performance.now() + 1700;
    const waitMs = () => (everyMs === undefined ? 60 + 80 * Math.random() : everyMs - (performance.now() % everyMs));
    const polls = await Promise.all(clients.map((client, n) => poll(client, 10 * n, until, waitMs, 300)));
    const all = polls.reduce((sum, count) => sum + count);
    assert.ok(animal.requests.length <= all / 4 + 4, `${animal.requests.length} of ${all} reads reached the device`);
    assert.ok(all >= 20, `${all} polls`);
  },
}));

/** Devices that many clients poll at once. */
export const POLLS: readonly Story[] = [
  ...DASHBOARDS,
  {
    device: "Inverter that is polled by everybody",
    behaviour: "is read by a dashboard, by a charger, and by a script that connects for each read",
    clients: "`STAT JSON` tells who asked how often, and what became of each request; the sums are right",
    options: "PROT=modbus CACH=1h",
    animal: () => Animal.open(modbusProtocol("modbus"), delays(20)),
    async visit({ animal, modbus, mux }) {
      const [dashboard, charger] = [await modbus(), await modbus()];
      for (const n of keys(10)) await dashboard.read(1, n);
      await Promise.all(keys(2).map(() => charger.read(1, 77)));
      for (const n of keys(5)) {
        const script = await modbus();
        await script.read(1, n);
        script.client.destroy();
      }
      await charger.read(1, 5);
      const { requests, answers, cacheHits, joined, failed, open, clients, response, load } = await mux.status();
      assert.deepEqual({ requests, failed, open }, { requests: 18, failed: 0, open: 0 });
      assert.equal(answers, animal.requests.length);
      assert.equal(answers + cacheHits + joined, 18);
      const counts = clients.map((each) => [each.requests, each.answers + each.cacheHits + each.joined]);
      assert.deepEqual(
        counts.sort(([one = 0], [other = 0]) => one - other),
        [
          [3, 3],
          [5, 5],
          [10, 10],
        ],
      );
      assert.ok(clients.every(({ address }) => address === "127.0.0.1"));
      assert.ok((response?.p50Ms ?? 0) >= 18 && load > 0);
    },
  },
];
