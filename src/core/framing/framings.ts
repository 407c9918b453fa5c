import { conbusFraming } from "./conbus-framing.js";
import { echoFraming } from "./echo-framing.js";
import type { FramingKind } from "./framing.js";
import { httpFraming } from "./http-framing.js";
import { iso8583Framing } from "./iso8583-framing.js";
import { modbusAsciiFraming } from "./modbus-ascii-framing.js";
import { modbusFraming } from "./modbus-framing.js";
import { modbusRtuFraming } from "./modbus-rtu-framing.js";
import { modbusSerialFraming } from "./modbus-serial-framing.js";
import { mpuFraming } from "./mpu-framing.js";
import { solarmanFraming } from "./solarman-framing.js";

/** All framings, in the order of lists and docs. A new framing is a file and a line here. */
export const FRAMINGS: readonly FramingKind[] = [
  echoFraming,
  httpFraming,
  iso8583Framing,
  mpuFraming,
  modbusFraming,
  modbusRtuFraming,
  modbusSerialFraming,
  modbusAsciiFraming,
  solarmanFraming,
  conbusFraming,
];
