// Devices with two odd habits at a time: clients get every answer, and nobody gets another one's.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Asker, type TestProtocol } from "../support/exchange.js";
import { crc16, MODBUS_KINDS, type ModbusKind } from "../support/modbus.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import { conbus, echo, http, iso8583, mpu } from "../support/protocols.js";
import { pause, until } from "../support/wait.js";
import { Animal, type Habit } from "../zoo/animals/animal.js";
import {
  accepts,
  changes,
  closesAfterAnswer,
  delays,
  greets,
  inPieces,
  leavesIdle,
  takes,
} from "../zoo/animals/habits.js";
import { alters, echoes } from "../zoo/animals/modbus-habits.js";
import { askAll, keys } from "../zoo/story.js";

type Habits = Readonly<Record<string, () => Habit>>;

const IDLE_MS = 400; // longer than a busy machine lets a device wait for the next request
const VENDOR_BODY = Buffer.from("0120025a00112233", "hex");
const VENDOR_FRAME = Buffer.concat([VENDOR_BODY, crc16(VENDOR_BODY)]);

const SERIAL: Habits = {
  zeros: () => changes((answer) => Buffer.concat([answer, Buffer.alloc(3)])),
  noise: () => changes((answer) => Buffer.concat([Buffer.from("00ff37fe", "hex"), answer])),
  "vendor frames": () => changes((answer) => Buffer.concat([VENDOR_FRAME, answer])),
  echoes: () => echoes,
  banner: () => greets("ACME Serial Server 2.0\r\n"),
};

function ownIds(kind: ModbusKind): Habits {
  return {
    "counts itself": () => {
      let id = 40_000;
      return alters(kind, () => {
        id += 1;
        return { id };
      });
    },
    "id 0": () => alters(kind, () => ({ id: 0 })),
    "swaps ids": () => alters(kind, ({ id }) => ({ id: ((id & 0xff) << 8) | (id >> 8) })),
    "is unit 1": () => alters(kind, () => ({ unit: 1 })),
  };
}

/** Habits of any device, behind those of its protocol: a habit works on what those before it send. */
const ANY: Habits = {
  "works on one request at a time": () => takes(8),
  "is slow": () => delays(15),
  "sends pieces": () => inPieces(5, 2),
  "closes behind answers": () => closesAfterAnswer,
  "closes when idle": () => leavesIdle(IDLE_MS),
  "resets when idle": () => leavesIdle(IDLE_MS, "reset"),
  "takes one connection": () => accepts(1),
};

const DEVICES: readonly (readonly [protocol: TestProtocol, habits: Habits])[] = [
  ...[echo, http, iso8583, mpu, conbus].map((protocol) => [protocol, ANY] as const),
  ...MODBUS_KINDS.map((kind) => {
    const own: Habits =
      kind === "modbus" || kind === "modbus-rtu" ? ownIds(kind) : kind === "modbus-serial" ? SERIAL : {};
    return [modbusProtocol(kind), { ...own, ...ANY }] as const;
  }),
];

/** Pairs that no device can have: it closes behind the first thing that it sends. */
const IMPOSSIBLE = ["echoes + closes behind answers", "sends pieces + closes behind answers"];

async function check(t: TestContext, protocol: TestProtocol, pair: string, habits: readonly Habit[]): Promise<void> {
  const animal = await Animal.open(protocol, ...habits);
  t.after(() => animal.stop());
  const mux = await startMux(t, `127.0.0.1:${animal.port} PROT=${protocol.name} TIME=5`);
  const clients = await Promise.all(keys(2).map(() => Asker.open(mux.port, protocol)));
  const askBoth = (wanted: readonly number[]) =>
    Promise.all(
      clients.map((client, n) =>
        askAll(
          client,
          wanted.map((key) => 100 * n + key),
        ),
      ),
    );
  const outcomes = await askBoth(keys(4));
  if (pair.includes("when idle")) await until(() => animal.open.length === 0, "the device to close");
  await pause(50); // the daemon hears of it: a request on the way meanwhile would be lost
  outcomes.push(...(await askBoth([50])));
  for (const client of clients) client.destroy();
  assert.deepEqual(new Set(outcomes.flat()), new Set(["right"]), `${outcomes.join()}\n${mux.daemon.log()}`);
  assert.deepEqual(
    clients.flatMap(({ surplus }) => surplus),
    [],
  );
}

describe("devices with two habits", { concurrency: 16 }, () => {
  for (const [protocol, habits] of DEVICES) {
    const all = Object.entries(habits);
    for (const [index, [one, first]] of all.entries()) {
      for (const [other, second] of all.slice(index + 1)) {
        const pair = `${one} + ${other}`;
        if (IMPOSSIBLE.includes(pair)) continue;
        test(`${protocol.name}: ${pair}`, (t) => check(t, protocol, pair, [first(), second()]));
      }
    }
  }
});
