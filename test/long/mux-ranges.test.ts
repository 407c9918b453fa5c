// Five clients read ranges that overlap, of a device whose registers hold the time at which it read them. Another seed, or more reads:
//   MUX_COUNT=1000000 MUX_SEED=42 node --test dist/test/long/mux-ranges.test.js
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ModbusKind, readPdu } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import { Random } from "../support/random.js";
import { Animal } from "../zoo/animals/animal.js";
import { ageOf, holdsTime } from "../zoo/animals/modbus-habits.js";

const SEED = Number(process.env["MUX_SEED"] ?? Date.now() % 1_000_000);
const COUNT = Number(process.env["MUX_COUNT"] ?? 100_000);
const CLIENTS = 5;
const CACHE_MS = 100;

describe(`ranges, seed ${SEED}`, { concurrency: 1 }, () => {
  for (const [kind, count] of [
    ["modbus", COUNT],
    ["modbus-serial", COUNT / 5],
  ] as const satisfies readonly (readonly [ModbusKind, number])[]) {
    test(`${kind}: of ${count} reads a quarter reaches the device, none is wrong or older than CACH`, async (t) => {
      const animal = await Animal.open(modbusProtocol(kind), holdsTime(kind, 4));
      t.after(() => animal.stop());
      const mux = await startMux(t, `127.0.0.1:${animal.port} PROT=${kind} CACH=${CACHE_MS} MERG=10`);
      const poll = async (n: number): Promise<void> => {
        const random = new Random(SEED * 100 + n);
        const client = await ModbusClient.connect(mux.port, kind);
        for (let left = count / CLIENTS; left > 0; left -= 1) {
          const [start, registers] = [10 * n + random.between(0, 10), random.between(1, 40)];
          const asked = performance.now();
          const age = ageOf(await client.call(1, readPdu(start, registers)), start, registers);
          const waited = performance.now() - asked;
          assert.ok(age <= CACHE_MS + waited + 1, `values of client ${n} are ${age} ms old, after ${waited} ms`);
        }
        client.destroy();
      };
      await Promise.all(Array.from({ length: CLIENTS }, (_, n) => poll(n)));
      const { length } = animal.requests;
      t.diagnostic(`${length} of ${count} reads reached the device`);
      assert.ok(length <= count / 4, `${length} of ${count} reads reached the device`);
    });
  }
});
