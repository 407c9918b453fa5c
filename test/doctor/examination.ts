import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { loadConfig } from "#src/cli/load-config.js";
import { parseArguments } from "#src/cli/serve-arguments.js";
import { type Advice, advise, section } from "#src/core/doctor/advice.js";
import type { Observations } from "#src/core/doctor/observations.js";
import { sentences } from "#src/core/doctor/sentences.js";
import { Unreachable } from "#src/doctor/checks/reach-check.js";
import { DeviceUnderTest } from "#src/doctor/device-under-test.js";
import { examine } from "#src/doctor/examine.js";
import { systemClock } from "#src/system/clock.js";
import { ConfigFile } from "../support/config.js";
import { crc16, MODBUS_KINDS, type ModbusKind } from "../support/modbus.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { localNames } from "../support/names.js";
import { echo } from "../support/protocols.js";
import { Animal, type Habit } from "../zoo/animals/animal.js";
import {
  accepts,
  changes,
  closesAfterAnswer,
  delays,
  endsHasty,
  forgetsIdle,
  greets,
  ignores,
  leavesIdle,
  needsAfterConnect,
  newestWins,
  oneAtATime,
  rests,
  takes,
} from "../zoo/animals/habits.js";
import { alters, echoes, gateway } from "../zoo/animals/modbus-habits.js";

/** Part of what the doctor sees. */
type Part = { readonly [K in keyof Observations]?: Partial<Observations[K]> | Observations[K] };

interface Case {
  readonly device: string;
  readonly kind?: ModbusKind;
  readonly habits?: readonly Habit[];
  readonly seen: Part;
  /** Options of the section beside `protocol` and `timeout`: their values. */
  readonly options?: Readonly<Record<string, string | RegExp>>;
  readonly idleMs?: number;
  /** Takes more than five seconds. */
  readonly long?: true;
}

const FOUR = { kind: "tried", requests: 4 } as const;
const NOT_TRIED = { kind: "not tried" } as const;
const OWN_LINK = { count: 5, tried: 5, kept: "all" } as const;
const VENDOR_BODY = Buffer.from("0120025a00112233", "hex");
const VENDOR_FRAME = Buffer.concat([VENDOR_BODY, crc16(VENDOR_BODY)]);

/** Takes every connection, and hears nothing on those beyond `most`. */
function deafBeyond(most: number): Habit {
  const heard = new WeakSet<object>();
  return {
    connected(link, animal) {
      if (animal.open.filter((other) => heard.has(other)).length < most) heard.add(link);
    },
    received: (chunk, link) => (heard.has(link) ? chunk : Buffer.alloc(0)),
  };
}

/** Takes one connection, and so long for an answer; it notices only then that the connection is over, and resets others meanwhile. */
function busyAlone(ms: number): Habit {
  let busyUntil = 0;
  return {
    connected(link, animal) {
      if (animal.open.length > 1 || performance.now() < busyUntil) link.reset();
    },
    answers(next) {
      return (asked, send) => {
        busyUntil = Math.max(performance.now(), busyUntil) + ms;
        next(asked, (bytes) => setTimeout(send, busyUntil - performance.now(), bytes));
      };
    },
  };
}

/** An exception for reads of more registers. */
function brings(most: number, kind: ModbusKind = "modbus"): Habit {
  return alters(kind, ({ pdu }, request) =>
    request.pdu.readUInt16BE(3) > most ? { pdu: Buffer.of(0x83, 2) } : { pdu },
  );
}

/** Ids of the device itself. */
function counting(): () => { id: number } {
  let id = 7000;
  return () => {
    id += 1;
    return { id };
  };
}

/** Devices, and what the doctor is to see of them. */
const CASES: readonly Case[] = [
  ...MODBUS_KINDS.map((kind) => ({
    device: `without a fault, ${kind}`,
    kind,
    seen: {
      framing: kind,
      readyMs: 0,
      echoes: false,
      ids: (kind === "modbus" || kind === "modbus-rtu" ? "kept" : "unknown") as Observations["ids"],
      speed: { lost: 0 },
      unaskedBytes: 0,
      closesAfterAnswer: false,
      mostRegisters: 125,
      links: OWN_LINK,
      pipeline: kind === "modbus" || kind === "modbus-rtu" ? FOUR : NOT_TRIED,
    },
    options: kind === "modbus" || kind === "modbus-rtu" ? { pipeline: "4" } : {},
  })),
  {
    device: "one connection",
    habits: [accepts(1)],
    seen: { links: { count: 1, kept: "oldest" }, idle: { kind: "kept" } },
  },
  { device: "two connections", habits: [accepts(2)], seen: { links: { count: 2, kept: "all" } } },
  { device: "two connections, deaf on others", habits: [deafBeyond(2)], seen: { links: { count: 2, kept: "all" } } },
  { device: "newest connection", habits: [newestWins], seen: { links: { count: 1, kept: "newest" } } },
  {
    device: "not ready at once",
    long: true,
    habits: [needsAfterConnect(600)],
    seen: { readyMs: 600 },
    options: { delay: /^(8|9)00ms$/ },
  },
  {
    device: "not ready at once, serial",
    long: true,
    kind: "modbus-serial",
    habits: [needsAfterConnect(600)],
    seen: { readyMs: 600 },
    options: { delay: /^(8|9)00ms$/ },
  },
  {
    device: "slow",
    long: true,
    habits: [delays(150)],
    seen: { readyMs: 0, pipeline: FOUR, links: { parallel: true } },
  },
  {
    device: "very slow",
    long: true,
    habits: [delays(2500)],
    seen: { framing: "modbus", readyMs: 0, ids: "kept", speed: { lost: 0 }, links: { count: 5 } },
  },
  {
    device: "very slow, one connection",
    long: true,
    habits: [busyAlone(2500)],
    seen: { framing: "modbus", readyMs: 0, ids: "kept", links: { count: 1 } },
  },
  { device: "one after the other", habits: [takes(100)], seen: { readyMs: 0, links: { parallel: false } } },
  {
    device: "one request at a time",
    long: true,
    habits: [oneAtATime(50)],
    seen: { pipeline: { requests: 1 }, links: { parallel: true } },
    options: { pool: "4" },
  },
  {
    device: "closes behind answers",
    habits: [closesAfterAnswer],
    seen: { closesAfterAnswer: true, pipeline: NOT_TRIED, links: OWN_LINK },
  },
  {
    device: "closes behind answers, serial",
    kind: "modbus-serial",
    habits: [closesAfterAnswer],
    seen: { closesAfterAnswer: true },
  },
  ...(["end", "reset"] as const).map((how) => ({
    device: `clears idle links by ${how}`,
    habits: [leavesIdle(1300, how)],
    idleMs: 4000,
    seen: { idle: { kind: "cut" as const }, closesAfterAnswer: false },
    options: { "link-idle": "1s" },
  })),
  {
    device: "clears its only link when idle",
    habits: [accepts(1), leavesIdle(1300)],
    idleMs: 4000,
    seen: { idle: { kind: "cut" }, links: { count: 1 } },
    options: { "link-idle": "1s" },
  },
  {
    device: "counter as ids",
    habits: [alters("modbus", counting())],
    seen: { ids: "counted", pipeline: NOT_TRIED },
  },
  {
    device: "id 0 always",
    habits: [alters("modbus", () => ({ id: 0 }))],
    seen: { ids: "constant", pipeline: NOT_TRIED },
  },
  {
    device: "id 1 always",
    habits: [alters("modbus", () => ({ id: 1 }))],
    seen: { ids: "constant", pipeline: NOT_TRIED },
  },
  {
    device: "swapped ids",
    habits: [alters("modbus", ({ id }) => ({ id: ((id & 255) << 8) | (id >> 8) }))],
    seen: { ids: "swapped", pipeline: NOT_TRIED },
  },
  { device: "unit of its own", habits: [alters("modbus", () => ({ unit: 9 }))], seen: { ids: "kept", answersAs: 9 } },
  {
    device: "echo",
    kind: "modbus-serial",
    habits: [echoes],
    seen: { framing: "modbus-serial", echoes: true, speed: { lost: 0 } },
    options: { echo: "strip" },
  },
  {
    device: "banner",
    kind: "modbus-serial",
    habits: [greets("ACME 2.0\r\n")],
    seen: { greeting: "ACME 2.0\r\n", framing: "modbus-serial" },
  },
  { device: "few registers", habits: [brings(60)], seen: { mostRegisters: 60 } },
  {
    device: "few registers, serial",
    kind: "modbus-serial",
    habits: [brings(32, "modbus-serial")],
    seen: { mostRegisters: 32 },
  },
  {
    device: "input registers only",
    habits: [alters("modbus", ({ pdu }) => (pdu[0] === 3 ? { pdu: Buffer.of(0x83, 1) } : { pdu }))],
    seen: { reading: { code: 4, exception: undefined }, mostRegisters: 125 },
  },
  {
    device: "no such register",
    habits: [alters("modbus", ({ pdu }) => ({ pdu: Buffer.of((pdu[0] ?? 0) | 0x80, 2) }))],
    seen: { reading: { code: 3, exception: 2 }, mostRegisters: 0 },
  },
  {
    device: "trailing zeros",
    kind: "modbus-serial",
    habits: [changes((answer) => Buffer.concat([answer, Buffer.alloc(3)]))],
    seen: { framing: "modbus-serial", speed: { lost: 0 } },
  },
  {
    device: "answers twice",
    habits: [changes((answer) => Buffer.concat([answer, answer]))],
    seen: { framing: "modbus", ids: "kept", speed: { lost: 0 }, pipeline: FOUR },
  },
  {
    device: "frames of its vendor",
    kind: "modbus-serial",
    habits: [changes((answer) => Buffer.concat([VENDOR_FRAME, answer]))],
    seen: { framing: "modbus-serial", speed: { lost: 0 }, mostRegisters: 125 },
  },
  {
    device: "needs a pause",
    long: true,
    habits: [rests(30)],
    seen: { gapMs: 50, pipeline: NOT_TRIED },
    options: { gap: "50ms" },
  },
  {
    device: "ends hasty links",
    long: true,
    habits: [endsHasty(400)],
    seen: { readyMs: 500 },
    options: { delay: "700ms" },
  },
  {
    device: "does not answer longer reads",
    habits: [ignores((request) => request.readUInt16BE(10) > 100)],
    seen: { mostRegisters: 100, pipeline: FOUR },
  },
  {
    device: "forgets idle links",
    habits: [forgetsIdle(1500)],
    idleMs: 2000,
    seen: { idle: { kind: "dies" } },
    options: { "link-idle": "1s" },
  },
  {
    device: "counts exceptions wrongly",
    habits: [
      changes((answer, { bytes }) =>
        Buffer.concat([
          answer.subarray(0, 4),
          Buffer.of(0, 4),
          bytes.subarray(6, 7),
          Buffer.of(0x80 | (bytes[7] ?? 0), 2),
        ]),
      ),
    ],
    seen: { framing: "modbus", reading: { exception: 2 }, speed: { lost: 0 } },
  },
];

async function check(
  t: TestContext,
  { kind = "modbus", habits = [], seen, options, idleMs = 400 }: Case,
): Promise<void> {
  const found = await examineAnimal(t, await Animal.open(modbusProtocol(kind), ...habits), idleMs);
  assertPart(found, seen);
  if (options !== undefined) assertOptions(advise(found), options);
}

function assertPart(found: Observations, seen: Part): void {
  for (const [key, expected] of Object.entries(seen)) {
    const value = found[key as keyof Observations];
    if (key === "readyMs" && (expected as number) > 0) {
      assert.ok(Math.abs((value as number) - (expected as number)) < 150, `${key}: ${String(value)}`);
    } else if (typeof expected === "object") {
      for (const [part, wanted] of Object.entries(expected)) {
        assert.equal((value as unknown as Record<string, unknown>)[part], wanted, `${key}.${part}`);
      }
    } else assert.equal(value, expected, key);
  }
}

function assertOptions(advice: readonly Advice[], options: Readonly<Record<string, string | RegExp>>): void {
  // on a busy machine a device that answers at once seems to take its time, and to work on several requests meanwhile
  const optional = ["protocol", "timeout", "pipeline", "pool"].filter((option) => !(option in options));
  const others = advice.filter(({ option }) => !optional.includes(option));
  assert.deepEqual(
    others.map(({ option }) => option),
    Object.keys(options),
  );
  for (const { option, value } of others) {
    const wanted = options[option];
    if (wanted instanceof RegExp) assert.match(value, wanted);
    else if (wanted !== undefined) assert.equal(value, wanted);
  }
}

/** Examines an animal. @throws where the section is none */
export async function examineAnimal(t: TestContext, animal: Animal, idleMs: number): Promise<Observations> {
  t.after(() => animal.stop());
  const target = { host: "127.0.0.1", port: animal.port };
  const options = { target, unit: 1, register: 0, withinMs: 58_000 };
  const device = new DeviceUnderTest(
    options,
    { clock: systemClock, names: localNames() },
    new AbortController().signal,
  );
  t.after(() => device.disconnect());
  const found = await examine(device, idleMs, (more) => {
    for (const line of sentences(more)) t.diagnostic(line);
  });
  const text = section(target, advise(found));
  t.diagnostic(text);
  const parsed = parseArguments(["-c", new ConfigFile(`${text}\n`).path, "-p", "1"]);
  assert.ok(parsed.ok);
  assert.deepEqual(loadConfig(parsed.value).problems, [], "the section is one");
  return found;
}

/** A device that gives no answer, what the doctor says of it, and whether that takes more than five seconds. */
type Nobody = readonly [device: string, animal: () => Promise<Animal>, says: RegExp, long?: true];

const SILENT: readonly Nobody[] = [
  [
    "never answers",
    () =>
      Animal.open(
        modbusProtocol("modbus"),
        ignores(() => true),
      ),
    /no answer for unit 1 in any framing: --unit/,
    true,
  ],
  [
    "closes at once",
    () => Animal.open(modbusProtocol("modbus"), { connected: (link) => link.end() }),
    /accepts connections and closes them/,
  ],
  [
    "a gateway without that unit",
    () => Animal.open(modbusProtocol("modbus"), gateway("modbus", 0, { units: [1], waitMs: 10, exception: 0x0b })),
    /a gateway answers, but unit 1 does not \(exception 11\): --unit/,
  ],
  ["talks in lines", () => Animal.open(echo), /no answer for unit 1 in any framing/, true],
  [
    "refuses",
    async () => {
      const animal = await Animal.open(modbusProtocol("modbus"));
      await animal.stop();
      return animal;
    },
    /connection refused: is it switched on/,
  ],
];

/** Makes the tests of the doctor that take a short time, or a long one. */
export function testDoctor(isLong: boolean): void {
  describe("the doctor and the zoo", { concurrency: 16 }, () => {
    for (const each of CASES.filter(({ long = false }) => long === isLong)) test(each.device, (t) => check(t, each));
    for (const [device, open, says] of SILENT.filter(([, , , long = false]) => long === isLong)) {
      test(`${device}: it says so`, (t) => checkNobody(t, open, says));
    }
  });
}

async function checkNobody(t: TestContext, open: () => Promise<Animal>, says: RegExp): Promise<void> {
  await assert.rejects(examineAnimal(t, await open(), 0), (error) => {
    assert.ok(error instanceof Unreachable);
    assert.match(error.message, says);
    return true;
  });
}
