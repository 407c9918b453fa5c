import assert from "node:assert/strict";
import { readPdu } from "../../support/modbus.js";
import type { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { pause } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { takes } from "../animals/habits.js";
import { gateway, unitOf } from "../animals/modbus-habits.js";
import { keys, type Story, timed } from "../story.js";

/** Reads of a unit until a time: what they said, and the longest of them. */
async function poll(client: ModbusClient, unit: number, everyMs: number, until: number) {
  const said: string[] = [];
  let worstMs = 0;
  for (let address = 0; performance.now() < until; address += 1) {
    const { value, ms } = await timed(client.call(unit, readPdu(address)));
    const right = `0302${registerValue(unit, address).toString(16).padStart(4, "0")}`;
    said.push(value === right ? "right" : value);
    worstMs = Math.max(worstMs, ms);
    await pause(everyMs);
  }
  return { said, worstMs };
}

const DEAD: readonly Story[] = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => ({
  device: "Gateway with a dead unit",
  behaviour: "never answers for unit 9, and keeps the bus busy for 0.5 s meanwhile",
  clients: "unit 1 is right always, and at most 1.5 s later than alone; unit 9 fails at once after two time-outs",
  options: `PROT=${kind} TIME=6`,
  long: true,
  animal: () => Animal.open(modbusProtocol(kind), gateway(kind, 20, { units: [9], waitMs: 500 })),
  async visit({ animal, modbus }) {
    const until = performance.now() + 14_000;
    const [dead, live] = await Promise.all([modbus(), modbus()]);
    const [nine, one] = await Promise.all([poll(dead, 9, 10, until), poll(live, 1, 1500, until)]);
    assert.deepEqual([...new Set(one.said)], ["right"]);
    assert.ok(one.worstMs < 5000, `unit 1 waited ${one.worstMs} ms`); // 6 s behind each request to unit 9
    assert.deepEqual([...new Set(nine.said)], ["830b"]);
    const tried = animal.requests.filter((asked) => unitOf(kind, asked) === 9).length;
    assert.ok(tried <= 7, `the dead unit was asked ${tried} times in 14 s`);
    assert.ok(nine.said.length > 50, "its other requests fail at once");
  },
}));

const SEVERAL: readonly Story[] = (["modbus", "modbus-serial"] as const).map((kind) => ({
  device: "Gateway with four dead units of six",
  behaviour: "never answers for units 8 to 11, which are polled without a pause, each by a client of its own",
  clients: "units 1 and 2 are right always, and at most 1.5 s later than alone once the dead ones are known",
  options: `PROT=${kind} TIME=5`,
  long: true,
  animal: () => Animal.open(modbusProtocol(kind), gateway(kind, 20, { units: [8, 9, 10, 11], waitMs: 0 })),
  async visit({ modbus, mux }) {
    const until = performance.now() + 16_000;
    const pollers = await Promise.all([8, 9, 10, 11, 1, 2].map(modbus));
    const dead = [8, 9, 10, 11].map((unit, n) => poll(pollers[n] as ModbusClient, unit, 10, until));
    const live = [1, 2].map((unit, n) => poll(pollers[4 + n] as ModbusClient, unit, 500, until - 8000));
    for (const { said } of await Promise.all(live)) assert.deepEqual([...new Set(said)], ["right"]);
    const later = [1, 2].map((unit, n) => poll(pollers[4 + n] as ModbusClient, unit, 500, until));
    for (const { said, worstMs } of await Promise.all(later)) {
      assert.deepEqual([...new Set(said)], ["right"]);
      assert.ok(worstMs < 4500, `a live unit waited ${worstMs} ms`); // 5 s behind each request to a dead one
    }
    for (const { said } of await Promise.all(dead)) assert.deepEqual([...new Set(said)], ["830b"]);
    assert.ok((await mux.status()).unitSilent > 50, "requests to the dead units fail at once");
  },
}));

/** Units that do not answer at the moment. */
const off: number[] = [];
const RETURNING: Story = {
  device: "Gateway with a unit that is off for some time",
  behaviour: "gets no answer of unit 9 for 5 s",
  clients: "unit 1 is right always; unit 9 is right again with the next try, and from then on",
  options: "PROT=modbus TIME=2",
  long: true,
  animal: () => Animal.open(modbusProtocol("modbus"), gateway("modbus", 20, { units: off, waitMs: 0 })),
  async visit({ animal, modbus }) {
    off.push(9);
    const begin = performance.now();
    const [nine, one] = await Promise.all([modbus(), modbus()]);
    const live = poll(one, 1, 400, begin + 12_000);
    await poll(nine, 9, 50, begin + 5000);
    off.length = 0;
    while ((await nine.call(9, readPdu(1))) === "830b") await pause(50);
    assert.ok(performance.now() - begin < 20_000, "the tries are at 0, 2, 6 and 10 s at the latest");
    const { said } = await poll(nine, 9, 20, performance.now() + 500);
    assert.deepEqual([...new Set(said)], ["right"]);
    assert.deepEqual([...new Set((await live).said)], ["right"]);
    assert.equal(animal.links.length, 1);
  },
};

const SAID_DEAD: readonly Story[] = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => ({
  device: "Gateway that tells of a dead unit",
  behaviour: "says exception 0x0B for unit 9 after 0.1 s, as long as the bus is busy with it",
  clients: "that exception for unit 9, right values of unit 1, over one link",
  options: `PROT=${kind} TIME=12`,
  animal: () => Animal.open(modbusProtocol(kind), gateway(kind, 5, { units: [9], waitMs: 100, exception: 0x0b })),
  async visit({ animal, modbus }) {
    const until = performance.now() + 1500;
    const [dead, live] = await Promise.all([modbus(), modbus()]);
    const [nine, one] = await Promise.all([poll(dead, 9, 10, until), poll(live, 1, 50, until)]);
    assert.deepEqual([...new Set(one.said)], ["right"]);
    assert.ok(one.worstMs < 10_000, `unit 1 waited ${one.worstMs} ms`);
    assert.deepEqual([...new Set(nine.said)], ["830b"]);
    assert.equal(animal.links.length, 1);
  },
}));

/** Gateways with several units, dead ones among them, and devices that are slow. */
export const UNITS: readonly Story[] = [
  ...DEAD,
  ...SEVERAL,
  RETURNING,
  ...SAID_DEAD,
  {
    device: "Slow meter with a client that asks anew",
    behaviour: "takes 0.8 s for an answer; the client repeats its read every 0.1 s, without waiting",
    clients: "answers do not get older from read to read",
    options: "PROT=modbus TIME=20",
    animal: () => Animal.open(modbusProtocol("modbus"), takes(800)),
    async visit({ animal, modbus }) {
      const client = await modbus();
      const ages: Promise<number>[] = [];
      for (const _ of keys(20)) {
        ages.push(
          timed(client.read(1, 7)).then(({ value, ms }) => {
            assert.equal(value, registerValue(1, 7));
            return ms;
          }),
        );
        await pause(100);
      }
      const worstMs = Math.max(...(await Promise.all(ages)));
      assert.ok(worstMs < 10_000, `an answer was ${worstMs} ms old`); // one request for each read would take 16 s
      assert.ok(animal.requests.length <= 15, `${animal.requests.length} requests reached the device`);
    },
  },
];
