import { echo } from "../../framing/echo.js";
import { iso8583 } from "../../framing/iso8583.js";
import { mpu } from "../../framing/mpu.js";
import type { Protocol } from "../protocol.js";
import { conbus } from "./conbus.js";
import { http } from "./http.js";
import { modbus, modbusRtu } from "./modbus.js";
import { modbusSerial } from "./modbus-serial.js";
import { plain } from "./plain.js";
import { raw } from "./raw.js";

/** All protocols that a mux can speak, in the order people are shown. A new one is a line here. */
export const PROTOCOLS: readonly Protocol[] = [
  plain(echo),
  http,
  plain(iso8583),
  plain(mpu),
  modbus,
  modbusRtu,
  modbusSerial,
  conbus,
  raw,
];

/** Those whose messages are requests and answers. */
export const REQUEST_PROTOCOLS: readonly Protocol[] = PROTOCOLS.filter((protocol) => protocol !== raw);

/** The protocol called `name`, in any case. */
export function findProtocol(name: string): Protocol | undefined {
  return PROTOCOLS.find(({ framing }) => framing.name === name.toLowerCase());
}
