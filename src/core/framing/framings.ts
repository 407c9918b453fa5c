import { conbus } from "./conbus-framing.js";
import { echo } from "./echo-framing.js";
import type { FramingKind } from "./framing.js";
import { http } from "./http-framing.js";
import { iso8583 } from "./iso8583-framing.js";
import { modbus } from "./modbus-framing.js";
import { modbusRtu } from "./modbus-rtu-framing.js";
import { modbusSerial } from "./modbus-serial-framing.js";
import { mpu } from "./mpu-framing.js";

/** All framings, in the order of lists and docs. A new framing is a file and a line here. */
export const FRAMINGS: readonly FramingKind[] = [echo, http, iso8583, mpu, modbus, modbusRtu, modbusSerial, conbus];
