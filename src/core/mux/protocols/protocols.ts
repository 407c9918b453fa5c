import { echoFraming } from "../../framing/echo-framing.js";
import { iso8583Framing } from "../../framing/iso8583-framing.js";
import { mpuFraming } from "../../framing/mpu-framing.js";
import type { Protocol } from "../protocol.js";
import { conbusProtocol } from "./conbus-protocol.js";
import { httpProtocol } from "./http-protocol.js";
import { modbusProtocol, modbusRtuProtocol } from "./modbus-protocol.js";
import { modbusSerialProtocol } from "./modbus-serial-protocol.js";
import { plainProtocol } from "./plain-protocol.js";
import { rawProtocol } from "./raw-protocol.js";

/** All protocols of a mux, in the order of `mux list` and the docs. A new protocol is one line here. */
export const PROTOCOLS: readonly Protocol[] = [
  plainProtocol(echoFraming),
  httpProtocol,
  plainProtocol(iso8583Framing),
  plainProtocol(mpuFraming),
  modbusProtocol,
  modbusRtuProtocol,
  modbusSerialProtocol,
  conbusProtocol,
  rawProtocol,
];

/** The protocols whose messages are requests and answers. */
export const REQUEST_PROTOCOLS: readonly Protocol[] = PROTOCOLS.filter((protocol) => protocol !== rawProtocol);

/** The protocol called `name`, in any case. */
export function findProtocol(name: string): Protocol | undefined {
  return PROTOCOLS.find(({ framing }) => framing.name === name.toLowerCase());
}
