import { conbusFraming } from "#src/core/framing/conbus-framing.js";
import { echoFraming } from "#src/core/framing/echo-framing.js";
import type { FramingKind } from "#src/core/framing/framing.js";
import { httpFraming } from "#src/core/framing/http-framing.js";
import { iso8583Framing } from "#src/core/framing/iso8583-framing.js";
import { modbusAsciiFraming } from "#src/core/framing/modbus-ascii-framing.js";
import { modbusFraming } from "#src/core/framing/modbus-framing.js";
import { modbusRtuFraming } from "#src/core/framing/modbus-rtu-framing.js";
import { modbusSerialFraming } from "#src/core/framing/modbus-serial-framing.js";
import { mpuFraming } from "#src/core/framing/mpu-framing.js";
import { solarmanFraming } from "#src/core/framing/solarman-framing.js";

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
