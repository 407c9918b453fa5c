import { echoFraming, type LineEnd, lineFraming } from "../../framing/echo-framing.js";
import { iso8583Framing } from "../../framing/iso8583-framing.js";
import { mpuFraming } from "../../framing/mpu-framing.js";
import { fail, ok, type Result } from "../../parse/result.js";
import { MODBUS_FORMS, type ModbusName } from "../modbus-forms.js";
import type { Protocol } from "../protocol.js";
import { conbusProtocol } from "./conbus-protocol.js";
import { httpProtocol } from "./http-protocol.js";
import { iso8583Protocol } from "./iso8583-protocol.js";
import { MODBUS_PROTOCOLS, type ModbusRules, modbusFormOf, modbusProtocol } from "./modbus-protocol.js";
import { plainProtocol } from "./plain-protocol.js";
import { rawProtocol } from "./raw-protocol.js";

/** All protocols of a mux, in the order of `mux list` and the docs. A new protocol is one line here; a framing of Modbus one in modbus-forms.ts. */
export const PROTOCOLS: readonly Protocol[] = [
  plainProtocol(echoFraming),
  httpProtocol,
  iso8583Protocol(iso8583Framing, 2),
  iso8583Protocol(mpuFraming, 4),
  ...MODBUS_PROTOCOLS,
  conbusProtocol,
  rawProtocol,
];

/** The protocols whose messages are requests and answers. */
export const REQUEST_PROTOCOLS: readonly Protocol[] = PROTOCOLS.filter((protocol) => protocol !== rawProtocol);

/**
 * The protocol of a line: that of its clients, and what else the line says about a Modbus device.
 *
 * @param lineEnd what ends lines, where the line says it
 * @returns or why that does not go together
 */
export function protocolOfLine(
  { protocol, deviceProtocol, ...rules }: ProtocolChoice,
  lineEnd: LineEnd | undefined,
): Result<Protocol> {
  const form = modbusFormOf(protocol);
  if (form !== undefined) {
    const device = deviceProtocol === undefined ? form : MODBUS_FORMS[deviceProtocol];
    if (device === form && !hasRules(rules)) return ok(findProtocol(form.framing.name) ?? protocol);
    return ok(modbusProtocol(form, device, rules));
  }
  if (deviceProtocol !== undefined) return fail("DPRO goes with Modbus only");
  if (hasRules(rules)) return fail("UMAP, BCST and READ go with Modbus only");
  if (lineEnd === undefined || protocol.framing.name !== echoFraming.name) return ok(protocol);
  return ok(plainProtocol(lineFraming(lineEnd)));
}

/** Whether a line says anything that goes with Modbus only. */
export function hasRules({ unitMap, broadcastUnit, reads }: ModbusRules): boolean {
  return unitMap !== undefined || broadcastUnit !== undefined || reads !== undefined;
}

/** What a line says about the protocols of clients and device. */
interface ProtocolChoice extends ModbusRules {
  readonly protocol: Protocol;
  readonly deviceProtocol?: ModbusName;
}

/** The protocol called `name`, in any case. */
export function findProtocol(name: string): Protocol | undefined {
  return PROTOCOLS.find(({ framing }) => framing.name === name.toLowerCase());
}
