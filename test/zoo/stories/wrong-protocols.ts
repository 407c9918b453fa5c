import assert from "node:assert/strict";
import { readPdu, wrap } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { Client } from "../../support/net.js";
import { until } from "../../support/wait.js";
import { Animal } from "../animals/animal.js";
import { ignores } from "../animals/habits.js";
import type { Story } from "../story.js";

const MBAP = wrap("modbus", { id: 0x0102, unit: 1, pdu: readPdu(5) });
const RTU = wrap("modbus-serial", { id: 0, unit: 1, pdu: readPdu(5) });

/** What clients send through a line that has another protocol, and what the log is to say. */
const CASES: readonly (readonly [device: string, behaviour: string, protocol: string, sent: Buffer, says: RegExp])[] = [
  ["Modbus/TCP device on a line of another protocol", "its clients send Modbus/TCP", "echo", MBAP, /PROT=modbus/],
  ["Modbus/TCP device on a line of another protocol", "its clients send Modbus/TCP", "iso8583", MBAP, /PROT=modbus/],
  ["Meter on a line of another protocol", "its clients send bare RTU frames", "modbus-rtu", RTU, /PROT=modbus-serial/],
  [
    "Panel on a line with another end of lines",
    "its clients end lines with CR",
    "echo",
    Buffer.from("status\r"),
    /LEND=cr/,
  ],
];

/** Devices whose line has the protocol of another one. */
export const WRONG_PROTOCOLS: readonly Story[] = CASES.map(([device, behaviour, protocol, sent, says]) => ({
  device,
  behaviour,
  clients: "nothing; the log says within 2 s what it looks like, and what to set",
  options: `PROT=${protocol} TIME=5`,
  beyondDoctor: true,
  animal: () =>
    Animal.open(
      modbusProtocol("modbus"),
      ignores(() => true),
    ),
  async visit({ mux, log }) {
    const client = await Client.open(mux.port);
    client.write(sent);
    await until(() => /this looks like/.test(log()), "the log to say what it looks like", 10_000);
    assert.match(log(), says);
    client.destroy();
  },
}));
