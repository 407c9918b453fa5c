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
  options: `PROT=${kind} TIME=2`,
  long: true,
  animal: () => Animal.open(modbusProtocol(kind), gateway(kind, 20, { units: [9], waitMs: 500 })),
  async visit({ animal, modbus }) {
    const until = performance.now() + 14_000;
    const [dead, live] = await Promise.all([modbus(), modbus()]);
    const [nine, one] = await Promise.all([poll(dead, 9, 10, until), poll(live, 1, 1500, until)]);
    assert.deepEqual([...new Set(one.said)], ["right"]);
    assert.ok(one.worstMs < 1600, `unit 1 waited ${one.worstMs} ms`);
    assert.deepEqual([...new Set(nine.said)], ["830b"]);
    const tried = animal.requests.filter((asked) => unitOf(kind, asked) === 9).length;
    assert.ok(tried <= 7, `the dead unit was asked ${tried} times in 14 s`);
    assert.ok(nine.said.length > 50, "its other requests fail at once");
  },
}));

const SAID_DEAD: readonly Story[] = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => ({
  device: "Gateway that tells of a dead unit",
  behaviour: "says exception 0x0B for unit 9 after 0.1 s, as long as the bus is busy with it",
  clients: "that exception for unit 9, right values of unit 1, over one link",
  options: `PROT=${kind} TIME=2`,
  animal: () => Animal.open(modbusProtocol(kind), gateway(kind, 5, { units: [9], waitMs: 100, exception: 0x0b })),
  async visit({ animal, modbus }) {
    const until = performance.now() + 1500;
    const [dead, live] = await Promise.all([modbus(), modbus()]);
    const [nine, one] = await Promise.all([poll(dead, 9, 10, until), poll(live, 1, 50, until)]);
    assert.deepEqual([...new Set(one.said)], ["right"]);
    assert.ok(one.worstMs < 1000, `unit 1 waited ${one.worstMs} ms`);
    assert.deepEqual([...new Set(nine.said)], ["830b"]);
    assert.equal(animal.links.length, 1);
  },
}));

/** Gateways with several units, dead ones among them, and devices that are slow. */
export const UNITS: readonly Story[] = [
  ...DEAD,
  ...SAID_DEAD,
  {
    device: "Slow meter with a client that asks anew",
    behaviour: "takes 0.16 s for an answer; the client repeats its read every 0.1 s, without waiting",
    clients: "answers do not get older from read to read",
    options: "PROT=modbus TIME=5",
    animal: () => Animal.open(modbusProtocol("modbus"), takes(160)),
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
      assert.ok(worstMs < 1000, `an answer was ${worstMs} ms old`);
      assert.ok(animal.requests.length <= 15, `${animal.requests.length} requests reached the device`);
    },
  },
];
