import assert from "node:assert/strict";
import { crc16, readPdu, wrap, writePdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Animal, type Habit } from "../animals/animal.js";
import { changes, greets } from "../animals/habits.js";
import { echoes } from "../animals/modbus-habits.js";
import { keys, type Story, timed } from "../story.js";

const serial = modbusProtocol("modbus-serial");

/** 27 bytes that an inverter's vendor sends unasked. */
const VENDOR_BODY = Buffer.from(`0120 02015a ${"00112233445566778899".repeat(2)}`.replaceAll(" ", ""), "hex");
const VENDOR_FRAME = Buffer.concat([VENDOR_BODY, crc16(VENDOR_BODY)]);
const NOISE = Buffer.from("00ff37fe", "hex");

const NOISES: readonly [device: string, behaviour: string, habit: Habit][] = [
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
];

/** Serial servers with noise, echoes and vendor frames. */
export const SERIAL_NOISE: readonly Story[] = [
  ...NOISES.map(([device, behaviour, habit]) => ({
    device,
    behaviour,
    clients: "right answers at full speed, over one link",
    options: "PROT=modbus-serial TIME=2",
    pending: "answers are anchored on the request",
    animal: () => Animal.open(serial, habit),
    visit: async ({ animal, modbus }: Parameters<Story["visit"]>[0]) => {
      const client = await modbus();
      const { ms } = await timed(
        (async () => {
          for (const n of keys(20)) assert.equal(await client.read(1, n), registerValue(1, n));
        })(),
      );
      assert.ok(ms < 1000, `20 reads took ${ms} ms`);
      assert.deepEqual(client.surplus, []);
      assert.equal(animal.links.length, 1);
    },
  })),
  {
    device: "RS-485 adapter that hears itself",
    behaviour: "sends each request back, then the answer",
    clients: "the answer of the device, never the echo",
    options: "PROT=modbus-serial TIME=2",
    pending: "echo=strip, and by itself",
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
    clients: "the vendor's answer or an error in time, and right reads behind it",
    options: "PROT=modbus-serial TIME=0.5",
    pending: "unknown function codes do not swallow bytes until 256",
    animal: () => Animal.open(serial),
    async visit({ modbus }) {
      const [one, other] = await Promise.all([modbus(), modbus()]);
      const vendor = one.call(1, Buffer.from("4101020304", "hex"));
      assert.match(await vendor, /^(c1|closed)/);
      const { value, ms } = await timed(other.call(1, readPdu(5)));
      assert.equal(value, `0302${registerValue(1, 5).toString(16).padStart(4, "0")}`);
      assert.ok(ms < 1000);
    },
  },
];
