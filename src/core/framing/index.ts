import { conbus } from "./conbus.js";
import { echo } from "./echo.js";
import type { FramingKind } from "./framing.js";
import { http } from "./http.js";
import { iso8583 } from "./iso8583.js";
import { modbus } from "./modbus.js";
import { modbusRtu } from "./modbus-rtu.js";
import { modbusSerial } from "./modbus-serial.js";
import { mpu } from "./mpu.js";

/** All framings, in the order lists show them. A new one is a file and a line here. */
export const FRAMINGS: readonly FramingKind[] = [echo, http, iso8583, mpu, modbus, modbusRtu, modbusSerial, conbus];
