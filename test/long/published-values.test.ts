// Values of shared devices that are published: with clients and devices at their worst, and with a real broker.
//   VALUES_SEED=42 node --test dist/test/long/published-values.test.js
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MuxStatus } from "#src/core/mux/mux-status.js";
import { ConfigFile } from "../support/config.js";
import { freePort } from "../support/free-port.js";
import { startHere } from "../support/in-process.js";
import { type ModbusKind, readPdu, words, writePdu } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../support/modbus-device.js";
import { mosquittoBroker } from "../support/mosquitto-broker.js";
import { startMux } from "../support/mux.js";
import { reload } from "../support/net.js";
import { missing } from "../support/peers.js";
import { Random } from "../support/random.js";
import { type Faults, faulty, Simulator } from "../support/simulator.js";
import { quietFor, until } from "../support/wait.js";

const SEED = Number(process.env["VALUES_SEED"] ?? Date.now() % 1_000_000);
const CLIENTS = 8;
const READS = 60; // of each client
const UNITS = [1, 2, 3];
const STARTS = [10, 12, 13, 20, 40];
const TIME_S = 0.3;

/** The values of the tests: numbers of two registers, some of which overlap. */
const RULES = UNITS.flatMap((unit) =>
  STARTS.map((start) => `PUBL=unit+${unit}+holding+${start}+uint32+as+u${unit}_${start}`),
);

function isTrue({ name, value }: NonNullable<MuxStatus["values"]>[number]): boolean {
  const [unit = 0, start = 0] = name.slice(1).split("_").map(Number);
  return value === undefined || value === registerValue(unit, start) * 65_536 + registerValue(unit, start + 1);
}

const FAULTS: Faults = { slow: 0.02, late: 0.01, drop: 0.01, duplicate: 0.02, reorder: 0.01, close: 0.005 };

const CASES: readonly (readonly [kind: ModbusKind, options: string])[] = [
  ["modbus", "PIPE=4"],
  ["modbus", "MERG=8 CACH=100"],
  ["modbus-rtu", "POOL=2 PIPE=2 MERG=8"],
  ["modbus-serial", ""],
  ["modbus-ascii", "MERG=8 CACH=100"],
];

describe(`no value of a device with every fault is wrong, seed ${SEED}`, { concurrency: 3 }, () => {
  for (const [index, [kind, options]] of CASES.entries()) {
    test(`${kind} ${options}`, async (t) => {
      const protocol = modbusProtocol(kind);
      const answering = faulty(new Random(SEED + index), protocol, FAULTS, TIME_S * 1000 + 60, {});
      const device = await Simulator.open(protocol, { answering, limit: 2 });
      t.after(() => device.stop());
      const mux = await startMux(
        t,
        `127.0.0.1:${device.port} PROT=${kind} TIME=${TIME_S} POLL=1 ${options} ${RULES.join(" ")}`,
      );
      const wrong: unknown[] = [];
      let reading = true;
      const client = async (random: Random): Promise<void> => {
        let modbus = await ModbusClient.connect(mux.port, kind);
        for (let left = READS; left > 0; left -= 1) {
          const count = random.between(1, 8);
          const pdu = words(random.chance(0.8) ? 3 : 4, random.between(6, 42), count);
          const answer = await modbus.call(random.pick(UNITS), random.chance(0.02) ? readPdu(60_000, 0) : pdu);
          if (answer !== "closed") continue;
          modbus = await ModbusClient.connect(mux.port, kind);
        }
        modbus.destroy();
      };
      const watch = async (): Promise<void> => {
        while (reading) {
          wrong.push(...((await mux.status()).values ?? []).filter((value) => !isTrue(value)));
          await quietFor(20);
        }
      };
      const watching = watch();
      await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(new Random(SEED * 31 + index * 100 + at))));
      await until(async () => {
        const { values = [] } = await mux.status();
        return values.filter(({ state }) => state === "good").length >= UNITS.length;
      }, "values to have been read");
      reading = false;
      await watching;
      assert.deepEqual(wrong, []);
    });
  }
});

const DISCOVERY = /^homeassistant\/device\/sockproxyd_\S+\/inverter\/config \{/;

const skip = missing("mosquitto", "mosquitto_sub");

test("mosquitto keeps the values, is told of changes, of what nobody reads, and of a device that is away", {
  skip,
}, async (t) => {
  const broker = await mosquittoBroker(t);
  const protocol = modbusProtocol("modbus", new Map());
  let device = await Simulator.open(protocol);
  t.after(() => device.stop());
  const port = await freePort();
  const text = `[mqtt]
url=mqtt://127.0.0.1:${broker.port}
prefix=house/hub
discovery=homeassistant
[mux inverter]
listen=${port}
target=127.0.0.1:${device.port}
protocol=modbus
publish=unit 1 holding 10 uint16 scale 0.1 decimals 1 as power unit kW
publish=unit 1 holding 11 bit 0 as pump
publish=unit 2 holding 10 uint16 as polled poll 1s stale 2s
`;
  const config = new ConfigFile(text);
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  const got = broker.listen();
  const has = (line: string, from = got): Promise<void> => until(() => from.includes(line), line);
  await has("house/hub/inverter/power/available offline");
  const client = await ModbusClient.connect(port);
  await client.call(1, writePdu(10, 47));
  await client.call(1, readPdu(10, 2));
  await has("house/hub/inverter/power 4.7");
  await has("house/hub/inverter/power/available online");
  await has(`house/hub/inverter/pump ${registerValue(1, 11) % 2 === 1}`);
  await has(`house/hub/inverter/polled ${registerValue(2, 10)}`);
  await client.call(1, writePdu(10, 48));
  await client.call(1, readPdu(10));
  await has("house/hub/inverter/power 4.8");
  const late = broker.listen();
  await has("house/hub/inverter/power 4.8", late);
  assert.ok(!late.includes("house/hub/inverter/power 4.7"));
  const devicePort = device.port;
  got.splice(0);
  await device.stop();
  await has("house/hub/inverter/polled/available offline");
  got.splice(0);
  device = await Simulator.open(protocol, { port: devicePort });
  await has("house/hub/inverter/polled/available online");
  const sensors = (): Record<string, Record<string, unknown>> => {
    const message = late.findLast((line) => DISCOVERY.test(line));
    return message === undefined ? {} : JSON.parse(message.slice(message.indexOf(" "))).components;
  };
  await until(() => "value_power" in sensors(), "the sensors");
  const { unique_id, ...power } = sensors()["value_power"] ?? {};
  assert.match(String(unique_id), /inverter/);
  assert.deepEqual(power, {
    ...{ platform: "sensor", name: "power", state_topic: "house/hub/inverter/power", unit_of_measurement: "kW" },
    ...{ device_class: "power", state_class: "measurement", availability_mode: "all" },
    availability: [{ topic: "house/hub/status" }, { topic: "house/hub/inverter/power/available" }],
  });
  assert.equal(sensors()["state_pump"]?.["platform"], "binary_sensor");
  config.write(text.replace(/^publish=.* as pump$/m, ""));
  assert.equal(await reload(daemon.port), "OK RELD");
  await has("house/hub/inverter/pump ");
  await until(() => sensors()["state_pump"]?.["state_topic"] === undefined, "the sensor to go");
  assert.equal(await daemon.stop(), 0);
  await has("house/hub/status offline");
  client.destroy();
});
