import assert from "node:assert/strict";
import { crc16, type ModbusKind, wrap, writePdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Animal, type Habit } from "../animals/animal.js";
import { changes, greets, says } from "../animals/habits.js";
import { echoes } from "../animals/modbus-habits.js";
import { keys, type Story, timed } from "../story.js";

const serial = modbusProtocol("modbus-serial");

/** 27 bytes that an inverter's vendor sends unasked. */
const VENDOR_BODY = Buffer.from(`0120 02015a ${"00112233445566778899".repeat(2)}`.replaceAll(" ", ""), "hex");
const VENDOR_FRAME = Buffer.concat([VENDOR_BODY, crc16(VENDOR_BODY)]);
const VENDOR_FUNCTION = 0x41;
const VENDOR_ANSWER = { id: 0, unit: 1, pdu: Buffer.of(VENDOR_FUNCTION, 9, 8, 7, 6) };
const NOISE = Buffer.from("00ff37fe", "hex");

const NOISES: readonly [device: string, behaviour: string, habit: Habit, kind?: ModbusKind][] = [
  [
    "Serial inverter with vendor frames",
    "sends a frame of its own in front of answers",
    changes((answer) => Buffer.concat([VENDOR_FRAME, answer])),
  ],
  [
    "Serial inverter with vendor frames",
    "sends a frame of its own behind answers",
    changes((answer) => Buffer.concat([answer, VENDOR_FRAME])),
  ],
  ["Meter on a noisy line", "has noise in front of answers", changes((answer) => Buffer.concat([NOISE, answer]))],
  [
    "Serial server that pads",
    "sends three zeros behind each answer",
    changes((answer) => Buffer.concat([answer, Buffer.alloc(3)])),
  ],
  ["Serial server with a banner", "says its name behind the connect", greets("ACME Serial Server 2.0\r\n")],
  [
    "Meter that stammers",
    "sends the beginning of the answer in front of it",
    changes((answer) => Buffer.concat([answer.subarray(0, 4), answer])),
  ],
  [
    "Serial inverter that talks between answers",
    "sends vendor frames all the time, asked or not",
    says(VENDOR_FRAME, 3),
  ],
  [
    "Meter of Modbus ASCII on a noisy line",
    "has noise in front of answers",
    changes((answer) => Buffer.concat([NOISE, answer.subarray(0, 5), answer])),
    "modbus-ascii",
  ],
  [
    "Serial server with a banner, in front of Modbus ASCII",
    "says its name behind the connect",
    greets("ACME Serial Server 2.0\r\n"),
    "modbus-ascii",
  ],
];

/** Serial servers with noise, echoes and vendor frames. */
export const SERIAL_NOISE: readonly Story[] = [
  ...NOISES.map(([device, behaviour, habit, kind = "modbus-serial" as const]) => ({
    device,
    behaviour,
    clients: "right answers at full speed, over one link",
    options: `PROT=${kind} TIME=2`,
    animal: () => Animal.open(modbusProtocol(kind), habit),
    visit: async ({ animal, modbus, mux }: Parameters<Story["visit"]>[0]) => {
      const client = await modbus();
      const { ms } = await timed(
        (async () => {
          for (const n of keys(20)) assert.equal(await client.read(1, n), registerValue(1, n));
        })(),
      );
      assert.ok(ms < 10_000, `20 reads took ${ms} ms`);
      assert.deepEqual(client.surplus, []);
      assert.equal(animal.links.length, 1);
      const { strays } = await mux.status();
      assert.ok(strays > 0, "what was skipped is counted");
    },
  })),
  {
    device: "RS-485 adapter that hears itself",
    behaviour: "sends each request back, then the answer",
    clients: "the answer of the device, never the echo",
    options: "PROT=modbus-serial TIME=2",
    animal: () =>
      Animal.open(
        serial,
        changes((answer, { bytes }) =>
          bytes[1] === 6 ? wrap("modbus-serial", { id: 0, unit: 1, pdu: Buffer.of(0x86, 0x02) }) : answer,
        ),
        echoes,
      ),
    async visit({ animal, modbus }) {
      const client = await modbus();
      for (const n of keys(5)) assert.equal(await client.read(1, n), registerValue(1, n));
      assert.equal(await client.call(1, writePdu(7, 1)), "8602", "the write has been refused");
      assert.equal(await client.read(1, 9), registerValue(1, 9));
      assert.deepEqual(client.surplus, []);
      assert.ok(animal.links.length <= 2, `${animal.links.length} links`);
    },
  },
  {
    device: "Serial meter with functions of its vendor",
    behaviour: "answers function 0x41 in 8 bytes that no table tells",
    clients: "the vendor's answer at once, and right reads behind it",
    options: "PROT=modbus-serial TIME=12",
    animal: () =>
      Animal.open(
        serial,
        changes((answer, { bytes }) => (bytes[1] === VENDOR_FUNCTION ? wrap("modbus-serial", VENDOR_ANSWER) : answer)),
      ),
    async visit({ animal, modbus }) {
      const [one, other] = await Promise.all([modbus(), modbus()]);
      const vendor = one.call(1, Buffer.of(VENDOR_FUNCTION, 1, 2, 3, 4));
      const { value, ms } = await timed(Promise.all([vendor, other.read(1, 5)]));
      assert.deepEqual(value, [VENDOR_ANSWER.pdu.toString("hex"), registerValue(1, 5)]);
      assert.ok(ms < 10_000, `${ms} ms`);
      assert.equal(animal.links.length, 1);
    },
  },
];
