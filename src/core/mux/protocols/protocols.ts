import { echo } from "../../framing/echo-framing.js";
import { iso8583 } from "../../framing/iso8583-framing.js";
import { mpu } from "../../framing/mpu-framing.js";
import type { Protocol } from "../protocol.js";
import { conbus } from "./conbus-protocol.js";
import { http } from "./http-protocol.js";
import { modbus, modbusRtu } from "./modbus-protocol.js";
import { modbusSerial } from "./modbus-serial-protocol.js";
import { plain } from "./plain-protocol.js";
import { raw } from "./raw-protocol.js";

/** All protocols of a mux, in the order of `mux list` and the docs. A new protocol is one line here. */
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

/** The protocols whose messages are requests and answers. */
export const REQUEST_PROTOCOLS: readonly Protocol[] = PROTOCOLS.filter((protocol) => protocol !== raw);

/** The protocol called `name`, in any case. */
export function findProtocol(name: string): Protocol | undefined {
  return PROTOCOLS.find(({ framing }) => framing.name === name.toLowerCase());
}
