import assert from "node:assert/strict";
import { modbusProtocol } from "../../support/modbus-device.js";
import { Animal } from "../animals/animal.js";
import { delays } from "../animals/habits.js";
import { keys, type Story } from "../story.js";

/** Devices that many clients poll at once. */
export const POLLS: readonly Story[] = [
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
